import {registry} from "@web/core/registry";

/**
 * Nothing may stick out to the right: a phone would scroll sideways.
 */
function assertFits() {
    const {scrollWidth} = document.documentElement;
    // A phone lays its scroll bar over the page.
    if (scrollWidth > window.innerWidth) {
        throw new Error(
            `The page is ${scrollWidth} wide, the window ${window.innerWidth}.`
        );
    }
}

registry.category("web_tour.tours").add("telecom_cdr_voip_portal", {
    steps: () => [
        {
            content: "An account",
            trigger: ".o_telecom_account:contains('acme-101')",
            run: assertFits,
        },
        {
            content: "Open it",
            trigger: ".o_telecom_account:contains('acme-101')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The password is not there until it is asked for",
            trigger: ".o_telecom_password:not(:contains('correct-horse'))",
            run: assertFits,
        },
        {
            content: "Ask for it",
            trigger: ".o_telecom_show",
            run: "click",
        },
        {
            content: "It is there",
            trigger: ".o_telecom_secret:contains('correct-horse-1')",
            run: assertFits,
        },
        {
            content: "Name the account",
            trigger: "#account_label",
            run: "edit Front desk",
        },
        {
            content: "Save the name",
            trigger: ".o_telecom_name button:contains('Save')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The name is changed, the password is gone again",
            trigger: ".alert-success:contains('The name is changed')",
        },
        {
            content: "An address",
            trigger: ".o_telecom_add_network [name=network]",
            run: "edit 192.0.2.9/24",
        },
        {
            content: "Allow it",
            trigger: ".o_telecom_add_network button",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "As a network",
            trigger: ".o_telecom_networks:contains('192.0.2.0/24')",
            run: assertFits,
        },
        {
            content: "Redirections",
            trigger: ".o_telecom_tabs a[href='/my/telecom/redirects']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Seconds are asked for where nobody answers only",
            trigger: ".o_telecom_after:not(:visible)",
            run: assertFits,
        },
        {
            content: "Where nobody answers",
            trigger: "#redirect_condition",
            run: "select no_answer",
        },
        {
            content: "After a quarter of a minute",
            trigger: "#redirect_after:visible",
            run: "edit 15",
        },
        {
            content: "To a mobile phone",
            trigger: "#redirect_target",
            run: "edit 600 00 00 09",
        },
        {
            content: "Redirect",
            trigger: ".o_telecom_add_redirect button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is listed",
            trigger: ".o_telecom_redirects:contains('+34 600 00 00 09')",
            run: assertFits,
        },
        {
            content: "What is blocked",
            trigger: ".o_telecom_tabs a[href='/my/telecom/blocks']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Block premium numbers",
            trigger: ".o_telecom_block_forms button[value=premium]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "They are blocked",
            trigger: ".o_telecom_blocks:contains('Premium numbers')",
            run: assertFits,
        },
    ],
});
