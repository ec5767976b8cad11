import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * Show the password of a SIP account where it was asked for: it comes in an answer of
 * its own and is in no page, so that neither the browser nor a copy of the page keeps it.
 */
export class TelecomPassword extends Interaction {
    static selector = ".o_telecom_password";
    dynamicContent = {
        form: {"t-on-submit.prevent": this.onSubmit},
    };

    async onSubmit(ev) {
        const form = ev.currentTarget;
        const response = await this.waitFor(
            fetch(form.action, {method: "POST", body: new FormData(form)})
        );
        const answer = response.ok ? await this.waitFor(response.json()) : {};
        this.show(answer, form);
    }

    show(answer, form) {
        const place = this.el.querySelector(".o_telecom_secret");
        place.classList.toggle("text-danger", Boolean(answer.error));
        place.textContent = answer.password || answer.error || "–";
        const asked = form.closest("details");
        if (asked) {
            asked.open = false;
        }
    }
}

registry
    .category("public.interactions")
    .add("telecom_cdr_voip.password", TelecomPassword);
