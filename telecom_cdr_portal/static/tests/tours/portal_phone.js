import {assertFits} from "./portal_steps";
import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("telecom_cdr_portal_phone", {
    url: "/my/home",
    steps: () => [
        {
            content: "The home card leads to the calls",
            trigger: ".o_portal_index_card a[href='/my/calls']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Totals of the month arrive",
            trigger: "[data-telecom-month='2026-07']:contains('60 calls')",
            run: assertFits,
        },
        {
            content: "A call is a card: the amount stands beside the number",
            trigger: ".o_telecom_call:first .o_telecom_amount:contains('0.10')",
        },
        {
            content: "Older calls",
            trigger: ".o_telecom_pager a[rel=next]:contains('Older')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The last page has no older ones; go back",
            trigger: ".o_telecom_pager:has(a[rel=next].disabled) a[rel=prev]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Choose a day",
            trigger: ".o_telecom_pager:has(a[rel=prev].disabled)",
        },
        {
            trigger: ".o_telecom_filter #date_from",
            run() {
                // A date has no keys to press on a phone: it comes from a picker.
                this.anchor.value = "2026-07-10";
            },
        },
        {
            trigger: ".o_telecom_filter button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Eleven calls since midnight",
            trigger: ".o_telecom_filter:contains('11 calls')",
            run() {
                const count = document.querySelectorAll(".o_telecom_call").length;
                if (count !== 11) {
                    throw new Error(`${count} calls are shown in place of 11`);
                }
                assertFits();
            },
        },
        {
            content: "The file has the same filter",
            trigger: ".o_telecom_download[href*='date_from=2026-07-10']",
        },
        {
            content: "Home again",
            trigger: ".o_portal_submenu a[href='/my/home']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Bundles",
            trigger: ".o_portal_index_card a[href='/my/bundles']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "A bar for each bundle",
            trigger: ".o_telecom_bar:contains('500 min')",
            run: assertFits,
        },
    ],
});
