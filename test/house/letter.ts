/** One more axis, as it would stand in the list of all axes: each cell has a letter. */
export const LETTER_AXIS = `{
    key: "letter",
    title: "letter",
    of: (c) => c.levels?.["letter"] ?? "a",
    levelTitle: (level) => \`letter \${level}\`,
    idPart: (c) => (c.levels?.["letter"] === "b" ? "letter-b" : ""),
    isFactor: true,
    plan: { levels: ["a", "b"], otherwise: "a" },
  },
`;
