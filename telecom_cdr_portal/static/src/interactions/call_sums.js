import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

/**
 * Fetch what the calls of a filter come to, as the totals of months are fetched.
 */
export class TelecomCallSums extends Interaction {
    static selector = ".o_telecom_sums";

    start() {
        this.showSums();
    }

    async showSums() {
        const query = JSON.parse(this.el.dataset.telecomQuery || "{}");
        const texts = await this.waitFor(
            rpc("/my/calls/sums", {query}, {silent: true})
        );
        this.el.textContent = texts.join(" · ");
    }
}

registry
    .category("public.interactions")
    .add("telecom_cdr_portal.call_sums", TelecomCallSums);
