/* Copyright 2026 Telecom CDR contributors
   License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
import {Component, onWillStart, useState} from "@odoo/owl";
import {formatDateTime, deserializeDateTime} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {Layout} from "@web/search/layout";
import {formatInteger} from "@web/views/fields/formatters";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {formatAmount, formatDuration} from "../fields/formatters";

const LIGHTS = {
    red: "text-danger",
    orange: "text-warning",
    green: "text-success",
    grey: "text-muted",
};
// What colours a tile where it is not zero.
const TILES = {held: "text-danger", failed: "text-danger", missing: "text-danger"};

/** The first look of the day: what came, what waits, which sources work. */
export class TelecomOverview extends Component {
    static template = "telecom_cdr.Overview";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.state = useState({figures: null});
        onWillStart(() => this.load());
    }

    async load() {
        this.state.figures = await this.orm.call("telecom.overview", "get_overview");
    }

    print() {
        window.print();
    }

    light(source) {
        return LIGHTS[source.light];
    }

    tileClass(tile) {
        return tile.count ? TILES[tile.key] || "" : "text-muted";
    }

    count(value) {
        return formatInteger(value);
    }

    time(value) {
        return value ? formatDuration(value) : "";
    }

    moment(value) {
        return value ? formatDateTime(deserializeDateTime(value)) : "";
    }

    cost(row) {
        const [currencyId, ...others] = row.currency_ids;
        if (!row.cost || others.length) {
            return "";
        }
        return formatAmount(row.cost, {currencyId});
    }

    get hasCosts() {
        return this.state.figures.waiting.some((row) => row.cost !== null);
    }

    openTile(tile) {
        if (tile.key === "missing") {
            return this.action.doAction("telecom_cdr.telecom_missing_file_action");
        }
        return this.open("telecom_cdr.telecom_file_action", tile.label, tile.domain);
    }

    openCause(row) {
        const domain = [["cause", "=", row.cause]];
        return this.open("telecom_cdr.telecom_waiting_action", row.label, domain);
    }

    openWaiting() {
        return this.action.doAction("telecom_cdr.telecom_waiting_action");
    }

    openSource(source) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Source"),
            res_model: "telecom.source",
            res_id: source.id,
            views: [[false, "form"]],
        });
    }

    async open(xmlId, name, domain) {
        const action = await this.action.loadAction(xmlId);
        return this.action.doAction({...action, name, domain, context: {}});
    }
}

registry.category("actions").add("telecom_overview", TelecomOverview);
