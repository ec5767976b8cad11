import {assertFits} from "./portal_steps";
import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("telecom_cdr_portal_see", {
    url: "/my/home",
    steps: () => [
        {
            content: "The home card says where the month stands",
            trigger: ".o_telecom_home_card:contains('This month so far: 3 calls') a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Figures of the month",
            trigger: ".o_telecom_tile:contains('Amount'):contains('6.00')",
            run: assertFits,
        },
        {
            content: "A bar for each day, and the limit",
            trigger: ".o_telecom_limits_card:contains('6.00')",
        },
        {
            content: "By category",
            trigger: ".o_telecom_categories tr:contains('Mobile')",
        },
        {
            content: "The numbers behind the bars",
            trigger: ".o_telecom_figures details summary",
            run: "click",
        },
        {
            trigger: ".o_telecom_figures details[open] td:contains('6.00')",
            run: assertFits,
        },
        {
            content: "Calls",
            trigger: ".o_telecom_tabs a[href='/my/calls']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "More filters",
            trigger: ".o_telecom_more_filters summary",
            run: "click",
        },
        {
            trigger: ".o_telecom_more_filters select[name=groupby]",
            run: "select destination",
        },
        {
            trigger: ".o_telecom_filter button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Groups with their sums",
            trigger: ".o_telecom_group:contains('Mobile'):contains('6.00')",
            run: assertFits,
        },
        {
            content: "A group leads to its calls",
            trigger: ".o_telecom_group a:contains('Mobile')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The sums of the filter arrive",
            trigger: ".o_telecom_sums:contains('3 calls')",
            run: assertFits,
        },
        {
            content: "Why does it cost this?",
            trigger: ".o_telecom_call:first .o_telecom_why",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "In words",
            trigger: ".o_telecom_steps:contains('Tariff'):contains('Retail')",
            run: assertFits,
        },
        {
            content: "Not right?",
            trigger: ".o_telecom_dispute_form select[name=reason]",
            run: "select duration",
        },
        {
            trigger: ".o_telecom_dispute_form textarea",
            run: "edit It was a minute at most",
        },
        {
            trigger: ".o_telecom_dispute_form button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The question is asked",
            trigger: ".o_telecom_dispute:contains('We look into it')",
        },
        {
            content:
                "The thread, whose script is loaded by itself, has what was written",
            timeout: 60000,
            trigger: "#chatterRoot:shadow .o-mail-Message:contains('a minute at most')",
            run: assertFits,
        },
        {
            content: "It is settled",
            trigger: ".o_telecom_settle",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_telecom_dispute:contains('Settled')",
        },
        {
            content: "All questions",
            trigger: ".o_telecom_tabs a[href='/my/telecom/disputes']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_telecom_disputes li:contains('Settled')",
            run: assertFits,
        },
    ],
});
