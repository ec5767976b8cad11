/* Copyright 2026 Telecom CDR contributors
   License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
import {getCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {formatFloat, formatInteger} from "@web/views/fields/formatters";

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];
const isEmpty = (value) => value === false || value === undefined || value === null;

/** Seconds as people read them: 3725 is 1:02:05. Sums may have any number of hours. */
export function formatDuration(value) {
    if (isEmpty(value)) {
        return "";
    }
    const seconds = Math.round(Math.abs(value));
    const pad = (part) => String(part).padStart(2, "0");
    const hours = formatInteger(Math.floor(seconds / 3600));
    const text = `${hours}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    return value < 0 ? `-${text}` : text;
}

/** Bytes in the unit that keeps the number short; a MB is a million bytes. */
export function formatSize(value) {
    if (isEmpty(value)) {
        return "";
    }
    let size = value;
    let unit = 0;
    while (Math.abs(size) >= 1000 && unit < BYTE_UNITS.length - 1) {
        size /= 1000;
        unit++;
    }
    const digits = unit && Math.abs(size) < 100 ? 1 : 0;
    return `${formatFloat(size, {digits: [16, digits]})} ${BYTE_UNITS[unit]}`;
}

/**
 * Money with as many decimals as it has: a call may cost 0.0034.
 *
 * Sums are shown in the decimals of money, unless that would hide them.
 */
export function formatAmount(value, options = {}) {
    if (isEmpty(value)) {
        return "";
    }
    const currency = options.currencyId && getCurrency(options.currencyId);
    const least = currency ? currency.digits[1] : 2;
    let digits = least;
    if (options.exact || (value && Math.abs(value) < 10 ** -least)) {
        const decimals =
            Math.abs(value).toFixed(6).replace(/0+$/, "").split(".")[1] || "";
        digits = Math.max(least, decimals.length);
    }
    const text = formatFloat(value, {digits: [16, digits]});
    if (!currency) {
        return text;
    }
    return currency.position === "after"
        ? `${text}\u00A0${currency.symbol}`
        : `${currency.symbol}\u00A0${text}`;
}

registry
    .category("formatters")
    .add("telecom_duration", formatDuration)
    .add("telecom_size", formatSize)
    .add("telecom_amount", formatAmount);
