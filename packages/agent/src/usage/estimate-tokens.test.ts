import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { estimateTokens } from "./estimate-tokens.ts";

const hash = (text: string) => createHash("sha256").update(text).digest();
const random = Array.from({ length: 120 }, (_, index) => hash(String(index)));

const texts: Record<string, { text: string; ratioMax: number }> = {
  "English prose": {
    text: "The heartbeat reads the state file, notices that the e-mail check is nine hours old, and says so before it does anything else. ".repeat(
      30,
    ),
    ratioMax: 1.8,
  },
  Markdown: {
    text: "## Rules\n\n- **Never** post twice\n- Read `memory/state.json` first\n\n| job | next |\n|---|---|\n".repeat(
      30,
    ),
    ratioMax: 1.8,
  },
  code: {
    text: "export function claimRun(options: ClaimOptions): Promise<Run | undefined> {\n    return queryOne(sql, [options.workerId]);\n}\n".repeat(
      20,
    ),
    ratioMax: 1.9,
  },
  JSON: {
    text: JSON.stringify(
      random
        .slice(0, 40)
        .map((bytes, id) => ({ id, name: bytes.toString("hex").slice(0, 9), isReady: id % 2 === 0, price: id * 1.37 })),
    ),
    ratioMax: 1.8,
  },
  base64: { text: random.map((bytes) => bytes.toString("base64")).join(""), ratioMax: 1.5 },
  hexadecimal: { text: random.map((bytes) => bytes.toString("hex")).join(""), ratioMax: 1.6 },
  "dates and numbers": {
    text: Array.from(
      { length: 300 },
      (_, index) => `${new Date(1.7e12 + index * 1e8).toISOString()} ${(index * 7919.37).toFixed(2)}`,
    ).join("\n"),
    ratioMax: 1.6,
  },
  "log lines": {
    text: "2026-11-21T11:22:33.456Z INFO worker[3912] run.started run_id=0192f0c1 step=tool:write_file#2\n".repeat(40),
    ratioMax: 1.7,
  },
  Chinese: { text: "系统正在运行，所有任务都已完成。明天早上六点会写一篇新的博客文章。".repeat(30), ratioMax: 2.2 },
  Japanese: { text: "システムは正常に動作しています。明日の朝6時に新しい記事を書きます。".repeat(30), ratioMax: 2.4 },
  German: {
    text: "Die Zuständigkeitsverteilung zwischen den Arbeitsprozessen wird regelmäßig überprüft. ".repeat(30),
    ratioMax: 2.2,
  },
  Russian: { text: "Система работает нормально, завтра утром будет написана новая статья. ".repeat(30), ratioMax: 3.6 },
  Hindi: { text: "प्रणाली सामान्य रूप से काम कर रही है और कल सुबह एक नया लेख लिखा जाएगा। ".repeat(30), ratioMax: 4.6 },
  emoji: { text: "🎉🚀🔥👨‍👩‍👧‍👦✅❌🧠💡 ".repeat(30), ratioMax: 1.8 },
};

for (const [kind, { text, ratioMax }] of Object.entries(texts)) {
  test(`estimateTokens() is above o200k for ${kind}, by at most ${ratioMax}`, () => {
    const real = countTokens(text);
    const estimate = estimateTokens(text);
    assert.ok(estimate >= real, `estimated ${estimate}, o200k counts ${real}`);
    assert.ok(estimate <= real * ratioMax, `estimated ${estimate}, o200k counts ${real}`);
  });
}

test("estimateTokens() is 0 for the empty text and rises with every character", () => {
  assert.equal(estimateTokens(""), 0);
  let previous = 0;
  for (let length = 1; length <= 200; length += 1) {
    const estimate = estimateTokens("Ab1 é!\n世".repeat(25).slice(0, length));
    assert.ok(estimate >= previous);
    previous = estimate;
  }
});
