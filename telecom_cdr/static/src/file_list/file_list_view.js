/* Copyright 2026 Telecom CDR contributors
   License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl). */
import {onWillStart, useRef, useState} from "@odoo/owl";
import {useDropzone} from "@web/core/dropzone/dropzone_hook";
import {FileUploadProgressContainer} from "@web/core/file_upload/file_upload_progress_container";
import {FileUploadProgressDataRow} from "@web/core/file_upload/file_upload_progress_record";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {checkFileSize} from "@web/core/utils/files";
import {useBus, useService} from "@web/core/utils/hooks";
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";

/** The list of received files: drop files on it, or press Upload. */
export class TelecomFileListController extends ListController {
    static template = "telecom_cdr.FileListView";
    static components = {...ListController.components, FileUploadProgressContainer};

    setup() {
        super.setup();
        this.notification = useService("notification");
        this.fileUpload = useService("file_upload");
        this.fileInput = useRef("fileInput");
        this.progressRow = FileUploadProgressDataRow;
        this.uploads = useState(this.fileUpload.uploads);
        this.canUpload = false;
        this.sent = new Set();
        onWillStart(async () => {
            this.canUpload = await user.hasGroup("telecom_cdr.group_telecom_user");
        });
        useDropzone(
            this.rootRef,
            (ev) => this.upload(ev.dataTransfer.files),
            "o_telecom_dropzone",
            () => this.canUpload
        );
        useBus(this.fileUpload.bus, "FILE_UPLOAD_LOADED", ({detail}) =>
            this.onUploaded(detail.upload)
        );
        useBus(this.fileUpload.bus, "FILE_UPLOAD_ERROR", ({detail}) =>
            this.sent.delete(detail.upload.id)
        );
    }

    onClickUpload() {
        this.fileInput.el.click();
    }

    async onFileInputChange(ev) {
        await this.upload(ev.target.files);
        ev.target.value = null;
    }

    /** Send the files to the server in one request, with a bar of what is sent. */
    async upload(fileList) {
        const files = [...fileList];
        if (
            !files.length ||
            files.some((f) => !checkFileSize(f.size, this.notification))
        ) {
            return;
        }
        const upload = await this.fileUpload.upload(
            "/web/binary/upload_attachment",
            files,
            {
                buildFormData: (data) => {
                    data.append("model", "telecom.upload.wizard");
                    data.append("id", 0);
                },
            }
        );
        this.sent.add(upload.id);
    }

    /** Ask which source the files belong to. */
    async onUploaded(upload) {
        if (!this.sent.delete(upload.id)) {
            return;
        }
        const answers = JSON.parse(upload.xhr.response);
        for (const {error} of answers.filter((answer) => answer.error)) {
            this.notification.add(error, {type: "danger"});
        }
        const ids = answers.filter((answer) => answer.id).map((answer) => answer.id);
        if (!ids.length) {
            return;
        }
        const context = {default_attachment_ids: ids};
        if (this.props.context.default_source_id) {
            context.default_source_id = this.props.context.default_source_id;
        }
        await this.actionService.doAction("telecom_cdr.telecom_upload_wizard_action", {
            additionalContext: context,
        });
    }

    get uploadTitle() {
        return _t("Upload files, or drop them on this list");
    }
}

export const telecomFileListView = {
    ...listView,
    Controller: TelecomFileListController,
};

registry.category("views").add("telecom_file_list", telecomFileListView);
