import {assertFits, go, goTo} from "./portal_steps";
import {registry} from "@web/core/registry";

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
        ...goTo("Digits", "masking"),
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
        ...goTo("Colleagues", "users"),
        go(
            "Change",
            ".o_telecom_colleague:contains('acme_clerk') a:contains('Change')"
        ),
        {
            trigger: ".o_telecom_right [value=some]",
            run: "click",
        },
        {
            trigger: ".o_telecom_right [name=departments]",
            run: "click",
        },
        {
            content: "The form fits",
            trigger: ".o_telecom_right [name=departments]:checked",
            run: assertFits,
        },
        go("Save", ".o_telecom_right button[type=submit]"),
        {
            content: "The clerk sees the department",
            trigger: ".alert-success:contains('sees Sales')",
        },
        go("Invite another one", ".o_telecom_invite"),
        {
            trigger: ".o_telecom_invitation [name=name]",
            run: "edit Ben Baker",
        },
        {
            trigger: ".o_telecom_invitation [name=email]",
            run: "edit ben@example.com",
        },
        {
            trigger: ".o_telecom_invitation [value=some]",
            run: "click",
        },
        {
            trigger: ".o_telecom_invitation [name=numbers]:first",
            run: "click",
        },
        {
            content: "The form fits",
            trigger: ".o_telecom_invitation [name=numbers]:checked",
            run: assertFits,
        },
        go("Invite", ".o_telecom_invitation button[type=submit]"),
        go("He is there", ".o_telecom_colleague:contains('has not signed in yet') a"),
        {
            content: "His page fits",
            trigger: ".o_telecom_remove button",
            run: assertFits,
        },
        go("Take access back", ".o_telecom_remove button"),
        {
            content: "He has no access",
            trigger: ".alert-success:contains('Ben Baker has no access any more')",
        },
        ...goTo("Bundles", "offers"),
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
        go("Take it back", ".o_telecom_pending:contains('SMALL') button"),
        {
            content: "Nothing is left of it",
            trigger: ".o_telecom_page:not(:has(.o_telecom_own_bundle))",
        },
        ...goTo("History", "changes"),
        {
            content: "All of it is in the history",
            trigger:
                ".o_telecom_changes:contains('Rights of acme_clerk'):contains('25.00')",
            run: assertFits,
        },
    ],
});
