const globals = require("globals");
const js = require("@eslint/js");

module.exports = [
    js.configs.recommended,
    {
        languageOptions: {
            ecmaVersion: 2024,
            sourceType: "module",
            globals: {
                ...globals.browser,
                luxon: "readonly",
                odoo: "readonly",
                owl: "readonly",
            },
        },
        rules: {
            complexity: ["error", 15],
            curly: "error",
            eqeqeq: "error",
            "no-else-return": "error",
            "no-eval": "error",
            "no-implicit-globals": "error",
            "no-lonely-if": "error",
            "no-param-reassign": "error",
            "no-shadow": "error",
            "no-unneeded-ternary": "error",
            "no-useless-concat": "error",
            "no-var": "error",
            "prefer-const": "error",
            "prefer-template": "error",
        },
    },
    {
        files: ["**/*.cjs"],
        languageOptions: {sourceType: "commonjs", globals: globals.node},
    },
];
