/**
 * Fail when something is wider than the window: a phone would scroll sideways.
 */
export function assertFits() {
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
export function go(content, trigger) {
    return {content, trigger, run: "click", expectUnloadPage: true};
}

/**
 * From the page of one setting to that of another one.
 */
export function goTo(content, page) {
    return [
        go("Back", "a[href='/my/telecom/settings']:contains('All settings')"),
        go(content, `.o_telecom_settings a[href='/my/telecom/${page}']`),
    ];
}
