import js from "@eslint/js";
import tseslint from "typescript-eslint";
import prettier from "eslint-config-prettier";

/**
 * Refuses shell text with something in it that varies: what a shell reads is fixed, or quoted by `quote`, and data comes to it as
 * arguments (`$1`). Shell text is the first argument of `script`, `exec` and `execSync`, and what follows `-c` in a list.
 */
export const shellText = {
  meta: {
    type: "problem",
    messages: {
      varies: "Shell text with something in it that varies: give it as an argument ($1), or quote it (lib/quote.ts).",
      shell: "A program started by a shell: give its arguments as a list.",
    },
  },
  create(context) {
    /** The value of a `const`; null: of an import; undefined: of anything else. */
    const valueOf = (node) => {
      let scope = context.sourceCode.getScope(node);
      while (scope !== null && !scope.set.has(node.name)) scope = scope.upper;
      const [definition] = scope?.set.get(node.name)?.defs ?? [];
      if (definition?.type === "ImportBinding") return null;
      return definition?.parent?.kind === "const" ? definition.node.init : undefined;
    };
    const isConstant = (node) => node.type === "Identifier" && /^[A-Z][A-Z0-9_]*$/.test(node.name);
    /** Whether a part of shell text is always the same, or quoted. */
    const isFixed = (node) => {
      switch (node.type) {
        case "Literal":
          return true;
        case "TemplateLiteral":
          return node.expressions.every(isFixed);
        case "TaggedTemplateExpression":
          return isFixed(node.quasi);
        case "ConditionalExpression":
          return isFixed(node.consequent) && isFixed(node.alternate);
        case "Identifier": {
          const value = valueOf(node);
          return value === null ? isConstant(node) : value?.type !== undefined && isFixed(value);
        }
        case "CallExpression": {
          const { callee, arguments: given } = node;
          if (callee.type === "Identifier") return /^quote(All)?$/.test(callee.name) || given.every(isFixed);
          // Of a list that is constant.
          let { object } = callee;
          while (object?.type === "CallExpression" || object?.type === "MemberExpression")
            object = object.callee ?? object.object;
          return object !== undefined && isConstant(object);
        }
        default:
          return false;
      }
    };
    const check = (node) => {
      // A text from elsewhere, as it stands, is checked where it is made.
      const text = node?.type === "Identifier" ? valueOf(node) : node;
      const made = ["TemplateLiteral", "TaggedTemplateExpression", "BinaryExpression", "ConditionalExpression"];
      if (text && made.includes(text.type) && !isFixed(text)) context.report({ node, messageId: "varies" });
    };
    return {
      CallExpression({ callee, arguments: given }) {
        if (/^(script|exec|execSync)$/.test(callee.name ?? "")) check(given[0]);
      },
      ArrayExpression({ elements }) {
        elements.forEach((element, i) => {
          if (element?.type === "Literal" && /^-[a-z]*c$/.test(String(element.value))) check(elements[i + 1]);
        });
      },
      "ObjectExpression > Property[key.name='shell'][value.value!=false]"(node) {
        const { callee } = node.parent.parent;
        if (/^(spawn|execFile)(Sync)?$/.test(callee?.name ?? "")) context.report({ node, messageId: "shell" });
      },
    };
  },
};

export default tseslint.config(
  { ignores: ["node_modules/", "runs/", "coverage/"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { project: "./tsconfig.json" } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ["**/*.ts"],
    ignores: ["**/*.test.ts", "**/testing/**", "test/**"],
    plugins: { lathe: { rules: { "shell-text": shellText } } },
    rules: { "lathe/shell-text": "error", "max-lines-per-function": ["error", 80] },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
  prettier,
);
