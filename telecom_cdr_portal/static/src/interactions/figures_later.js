import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * Fetch the cards with sums where the page did not wait for them.
 */
export class TelecomFiguresLater extends Interaction {
    static selector = ".o_telecom_figures_later";

    start() {
        this.showFigures();
    }

    async showFigures() {
        const path = window.location.pathname.replace(/\/$/, "");
        const response = await this.waitFor(fetch(`${path}/figures`));
        if (!response.ok) {
            return;
        }
        const page = new DOMParser().parseFromString(
            await this.waitFor(response.text()),
            "text/html"
        );
        const figures = page.querySelector(".o_telecom_figures");
        if (figures) {
            this.el.replaceWith(figures);
        }
    }
}

registry
    .category("public.interactions")
    .add("telecom_cdr_portal.figures_later", TelecomFiguresLater);
