import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * Ask for the seconds of ringing only where nobody answers.
 */
export class TelecomRedirectForm extends Interaction {
    static selector = ".o_telecom_add_redirect";
    dynamicContent = {
        "[name=condition]": {"t-on-change": () => this.updateContent()},
        ".o_telecom_after": {
            "t-att-class": () => ({"d-none": !this.isRinging()}),
        },
    };

    isRinging() {
        return this.el.querySelector("[name=condition]").value === "no_answer";
    }
}

registry
    .category("public.interactions")
    .add("telecom_cdr_voip.redirect_form", TelecomRedirectForm);
