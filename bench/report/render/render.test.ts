import { createHash } from "node:crypto";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { clean } from "../../../lib/clean.ts";
import { figure, fold, list, notice, only, prose, right, table } from "../blocks.ts";
import { HOSTILE } from "../../testing/report.ts";
import { METHODS, methodsPage } from "../methods.ts";
import { escapeMarkdown, renderMarkdown } from "./markdown.ts";
import { escapeHtml, html, trusted } from "./markup.ts";
import { renderPage } from "./page.ts";
import { renderText } from "./text.ts";

const page = (sections: Parameters<typeof renderPage>[1], title = "A finding") =>
  renderPage({ title, eyebrow: title }, sections);
const section = (...blocks: Parameters<typeof fold>[1][]) => [{ id: "s", title: "A section", short: "S", blocks }];
const dom = (text: string) =>
  (parseHTML(text) as { document: { querySelectorAll(s: string): { textContent: string }[] } }).document;

describe("HTML templates", () => {
  it("escape every value but markup, join lists, and leave out what is not there", () => {
    const list = ["<b>", html`<i>${"&"}</i>`];
    expect(html`<p title="${'"'}">${list}${null}${undefined}${false}${0}</p>`.text).toBe(
      `<p title="&#34;">&#60;b&#62;<i>&#38;</i>0</p>`,
    );
    expect(trusted("<b>").text).toBe("<b>");
  });

  it("give any text back as it was, and no element of it, but for characters that nobody sees", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // What a parser would change.
        fc.pre(!/[\n\r\t\f]/.test(text));
        const document = dom(`<!doctype html><body>${html`<p title="${text}">${text}</p>`.text}</body>`);
        expect(document.querySelectorAll("body *")).toHaveLength(1);
        expect(document.querySelectorAll("p")[0]?.textContent).toBe(clean(text));
      }),
      { numRuns: 2000 },
    );
    expect(escapeHtml("a\u0000\u001bb")).toBe("a\ufffd\ufffdb");
  });
});

describe("blocks", () => {
  const numbers = table({
    caption: "Numbers",
    columns: [
      { title: "machine" },
      right("ours", "SSD\ngRPC"),
      right("paper", "SSD\ngRPC"),
      right("ours", "SSD\nREST"),
    ],
    rows: [["edge", "1.0", "2.0", { text: "failed [1]", tone: "bad" }]],
    notes: ["[1] why"],
  });

  it("as text are what a terminal shows: groups above their first column, notes below, no pictures", () => {
    expect(renderText(section(numbers, only(["html"], prose("for the page alone"))))).toBe(
      [
        "A section",
        "",
        "Numbers",
        "          SSD                SSD",
        "         gRPC               REST",
        "machine  ours  paper        ours",
        "───────  ────  ─────  ──────────",
        "edge      1.0    2.0  failed [1]",
        "  [1] why",
      ].join("\n"),
    );
  });

  it("as text do not obey what a message holds", () => {
    const rows = [["a\u001b[31m\nb", "\u0007"]];
    const text = renderText(section(table({ columns: [{ title: "x" }, { title: "y" }], rows })));
    expect(text).toContain("a\ufffd[31m b");
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(text).not.toMatch(/[\u0007\u001b]/);
  });

  it("as Markdown are tables of GitHub's kind, with hostile text as text", () => {
    const text = renderMarkdown(
      "A finding",
      section(numbers, notice("bad", "look"), list(["one", [{ strong: "two" }]])),
    );
    expect(text).toContain("| machine | SSD gRPC ours | SSD gRPC paper | SSD REST ours |\n|:--|--:|--:|--:|\n");
    expect(text).toContain("> **Attention:** look");
    expect(text).toContain("- **two**");
    const escaped = escapeMarkdown(`a|b\n${HOSTILE}`);
    expect(escaped).toMatch(/^a\\\|b =1\+1 &lt;img/);
    expect(escaped).not.toMatch(/[<>\n]/);
  });

  it("as Markdown keep white space out of what is bold, or it would not be", () => {
    const text = renderMarkdown("A finding", section(prose([{ strong: "How sure: " }, "1100 calls", { strong: " " }])));
    expect(text).toContain("**How sure:** 1100 calls");
    expect(text).not.toMatch(/\*\* ?\*\*|\s\*\*\d/);
  });

  it("as HTML name each group of columns over as many as it has, and tell tones by a sign too", () => {
    const document = dom(page(section(numbers)));
    expect(document.querySelectorAll('th[scope="colgroup"]').map((th) => th.textContent)).toEqual([
      "SSDgRPC",
      "SSDREST",
    ]);
    expect(document.querySelectorAll("td .bad")[0]?.textContent).toBe("✗failed [1]");
    expect(document.querySelectorAll("tbody th")[0]?.textContent).toBe("edge");
  });

  it("as HTML are cards on a phone where they are too wide for it, each value under its column's title and its group's", () => {
    const words = (n: number) => Array.from({ length: n }, (_, i) => right(`column ${i}`, i > 0 ? "group" : undefined));
    const of = (columns: number, rows: number) =>
      page(
        section(
          table({ columns: words(columns), rows: Array.from({ length: rows }, () => words(columns).map(() => "1")) }),
        ),
      );
    const titles = (text: string) => [...text.matchAll(/data-title="([^"]*)"/g)].map(([, title]) => title);
    // However many rows and columns: what a phone cannot show side by side is below each other there.
    for (const [columns, rows] of [
      [6, 1],
      [12, 400],
    ] as const) {
      const text = of(columns, rows);
      expect(titles(text)).toHaveLength((columns - 1) * rows);
      expect(titles(text)[0]).toBe("group: column 1");
    }
    expect(titles(of(3, 400))).toEqual([]);
    // So many cards that nobody wants to pass them all scroll by themselves.
    expect(of(6, 5)).toContain('class="scroll cards"');
    expect(of(6, 6)).toContain('class="scroll cards many"');
    // Of two columns the second one needs no title.
    const two = page(section(table({ columns: ["what", "value"], rows: [["image", "x".repeat(60)]] })));
    expect(two).toContain('class="scroll cards"');
    expect(titles(two)).toEqual([]);
  });

  it("as HTML hold nothing but text of what is hostile, whatever block it is in", () => {
    const blocks = [
      prose(HOSTILE),
      prose([{ strong: HOSTILE }]),
      list([HOSTILE]),
      notice("unsure", HOSTILE),
      table({ caption: HOSTILE, columns: [{ title: HOSTILE }], rows: [[HOSTILE]], notes: [HOSTILE] }),
      fold(HOSTILE, prose(HOSTILE)),
      figure({
        title: HOSTILE,
        alternative: HOSTILE,
        caption: HOSTILE,
        legend: [{ label: HOSTILE, colour: "protocol-1" }],
        panels: [{ title: HOSTILE, picture: html`<svg></svg>` }],
      }),
    ];
    const text = page([{ id: "s", title: HOSTILE, short: HOSTILE, blocks }], HOSTILE);
    const document = dom(text);
    expect(document.querySelectorAll("img, [onerror]")).toHaveLength(0);
    // The page's own two.
    expect(document.querySelectorAll("style")).toHaveLength(1);
    expect(document.querySelectorAll("script")).toHaveLength(1);
    expect(text.split("&#60;script&#62;").length - 1).toBeGreaterThan(15);
  });

  it("as HTML forbid the page to load anything, and to run or style itself by anything but its own two files", () => {
    const text = page(section(numbers));
    const hash = (element: string) => {
      const [, inner = ""] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(text) ?? [];
      return `&#39;sha256-${createHash("sha256").update(inner).digest("base64")}&#39;`;
    };
    const [, policy = ""] = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(text) ?? [];
    expect(policy).toContain("default-src &#39;none&#39;; ");
    expect(policy).toContain(`style-src ${hash("style")}; script-src ${hash("script")}; `);
    expect(policy).not.toContain("unsafe");
    expect(text).not.toMatch(/ style="/);
  });
});

describe("a table", () => {
  it("has no column in which no row says anything, but keeps the one of its rows' headings", () => {
    const t = table({
      columns: ["", "p50", "p90", "p99"],
      rows: [
        ["", "1", "", "–"],
        ["", "–", "", { text: "", tone: "muted" }],
      ],
    });
    expect(t.columns.map((c) => c.title)).toEqual(["", "p50"]);
    expect(t.rows).toEqual([
      ["", "1"],
      ["", "–"],
    ]);
    expect(table({ columns: ["a", "b"], rows: [] }).columns).toHaveLength(2);
  });

  it("links where its method is described, and there is a description for every id that is used", () => {
    const text = page(section(table({ columns: ["a"], rows: [["1"]], method: "effects" })));
    expect(text).toContain('<a href="methods.html#effects">');
    const ids = METHODS.map((m) => m.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(methodsPage()).toContain(`id="${id}"`);
  });
});
