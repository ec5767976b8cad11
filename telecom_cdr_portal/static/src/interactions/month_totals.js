import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

/**
 * Fetch the totals of the months on the page: adding up a month of a big customer
 * takes longer than showing its calls, which should not wait for it.
 */
export class TelecomMonthTotals extends Interaction {
    static selector = ".o_telecom_calls";

    start() {
        this.showTotals();
    }

    async showTotals() {
        const places = [...this.el.querySelectorAll("[data-telecom-month]")];
        const months = [...new Set(places.map((el) => el.dataset.telecomMonth))];
        if (!months.length) {
            return;
        }
        const number = this.el.dataset.telecomNumber || null;
        const totals = await this.waitFor(
            rpc("/my/calls/totals", {months, number}, {silent: true})
        );
        for (const el of places) {
            const texts = totals[el.dataset.telecomMonth] || [];
            el.textContent = texts.join(" · ");
        }
    }
}

registry
    .category("public.interactions")
    .add("telecom_cdr_portal.month_totals", TelecomMonthTotals);
