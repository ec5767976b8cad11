/* Copyright 2026 Telecom CDR contributors
   License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {formatAmount, formatDuration, formatSize} from "./formatters";

const DIRECTION_ICONS = {
    outgoing: "fa-arrow-up",
    incoming: "fa-arrow-down",
    internal: "fa-exchange",
};

/** A value that is only shown: what a file says of a call does not change. */
class ShownField extends Component {
    static template = "telecom_cdr.ShownField";
    static props = {...standardFieldProps};

    get value() {
        return this.props.record.data[this.props.name];
    }
}

export class DurationField extends ShownField {
    get text() {
        return formatDuration(this.value);
    }
}

export class SizeField extends ShownField {
    get text() {
        return formatSize(this.value);
    }
}

export class MonthField extends ShownField {
    get text() {
        return this.value ? this.value.toFormat("LLLL yyyy") : "";
    }
}

export class AmountField extends ShownField {
    static props = {...ShownField.props, currencyField: {type: String, optional: true}};
    static defaultProps = {currencyField: "currency_id"};

    get text() {
        const currency = this.props.record.data[this.props.currencyField];
        return formatAmount(this.value, {
            currencyId: currency && currency.id,
            exact: true,
        });
    }
}

export class DirectionField extends ShownField {
    static template = "telecom_cdr.DirectionField";

    get icon() {
        return DIRECTION_ICONS[this.value];
    }

    get text() {
        const {selection} = this.props.record.fields[this.props.name];
        return Object.fromEntries(selection)[this.value] || "";
    }
}

const fields = registry.category("fields");
const isEmpty = (record, name) => record.data[name] === false;
fields.add("telecom_duration", {
    component: DurationField,
    displayName: _t("Duration"),
    supportedTypes: ["integer"],
    isEmpty,
});
fields.add("telecom_size", {
    component: SizeField,
    displayName: _t("Size in bytes"),
    supportedTypes: ["integer", "float"],
    isEmpty,
});
fields.add("telecom_month", {
    component: MonthField,
    displayName: _t("Month"),
    supportedTypes: ["date"],
    isEmpty,
});
fields.add("telecom_amount", {
    component: AmountField,
    displayName: _t("Amount with all its decimals"),
    supportedTypes: ["float"],
    supportedOptions: [
        {
            label: _t("Currency"),
            name: "currency_field",
            type: "field",
            availableTypes: ["many2one"],
        },
    ],
    isEmpty,
    extractProps: ({options}) => ({currencyField: options.currency_field}),
});
fields.add("telecom_direction", {
    component: DirectionField,
    displayName: _t("Direction of a call"),
    supportedTypes: ["selection"],
    isEmpty,
});
