import {registry} from "@web/core/registry";

/**
 * Fail when something is wider than the window: a phone would scroll sideways.
 */
function assertFits() {
    const width = document.documentElement.scrollWidth;
    if (width > window.innerWidth) {
        throw new Error(
            `The page is ${width}px wide, the window ${window.innerWidth}px`
        );
    }
}

/**
 * Leave the page for another one.
 */
function go(content, trigger) {
    return {content, trigger, run: "click", expectUnloadPage: true};
}

registry.category("web_tour.tours").add("telecom_cdr_portal_settings", {
    url: "/my/telecom/settings",
    steps: () => [
        {
            content: "The settings fit",
            trigger: ".o_telecom_settings a[href='/my/telecom/users']",
            run: assertFits,
        },
        go("Limits", ".o_telecom_settings a[href='/my/telecom/limits']"),
        {
            content: "No limit yet: set one",
            trigger: ".o_telecom_new_limit input[name=amount]",
            run: "edit 25",
        },
        go("Set it", ".o_telecom_new_limit button[type=submit]"),
        {
            content: "It is set",
            trigger: ".o_telecom_limit:contains('All numbers'):contains('25.00')",
            run: assertFits,
        },
        go("Back", "a[href='/my/telecom/settings']:contains('All settings')"),
        go("Digits", ".o_telecom_settings a[href='/my/telecom/masking']"),
        {
            content: "Hide them",
            trigger: ".o_telecom_masking #masking_hide",
            run: "click",
        },
        go("From now on", ".o_telecom_masking button[type=submit]"),
        {
            content: "They are hidden from now on",
            trigger: ".o_telecom_masking_now:contains('last 3 digits are hidden')",
            run: assertFits,
        },
        go("Back", "a[href='/my/telecom/settings']:contains('All settings')"),
        go("Colleagues", ".o_telecom_settings a[href='/my/telecom/users']"),
        {
            content: "Open the rights of the clerk",
            trigger: ".o_telecom_colleague:contains('acme_clerk') summary",
            run: "click",
        },
        {
            trigger: ".o_telecom_colleague:contains('acme_clerk') [value=some]",
            run: "click",
        },
        {
            trigger: ".o_telecom_colleague:contains('acme_clerk') [name=departments]",
            run: "click",
        },
        {
            content: "The form fits",
            trigger:
                ".o_telecom_colleague:contains('acme_clerk') [name=departments]:checked",
            run: assertFits,
        },
        go("Save", ".o_telecom_colleague:contains('acme_clerk') button[type=submit]"),
        {
            content: "The clerk sees the department",
            trigger: ".alert-success:contains('sees Sales')",
        },
        go("Back", "a[href='/my/telecom/settings']:contains('All settings')"),
        go("Bundles", ".o_telecom_settings a[href='/my/telecom/offers']"),
        {
            content: "The offers fit",
            trigger: ".o_telecom_offer:contains('SMALL')",
            run: assertFits,
        },
        go("Order one", ".o_telecom_offer:contains('SMALL') a"),
        {
            content: "Price and terms are shown before",
            trigger: ".o_telecom_order:contains('Terms of SMALL')",
            run: assertFits,
        },
        go("Confirm", ".o_telecom_order button[type=submit]"),
        {
            content: "It is ordered, and may be changed or cancelled",
            trigger: ".o_telecom_own_bundle:contains('SMALL') a[href*='cancel']",
            run: assertFits,
        },
        go("Back", "a[href='/my/telecom/settings']:contains('All settings')"),
        go("History", ".o_telecom_settings a[href='/my/telecom/changes']"),
        {
            content: "All of it is in the history",
            trigger:
                ".o_telecom_changes:contains('Rights of acme_clerk'):contains('25.00')",
            run: assertFits,
        },
    ],
});
