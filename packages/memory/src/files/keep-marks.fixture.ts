/** Whatever is done to the files of a home, and whenever it is looked at: no line from a page is shown as if a person had written it. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { isUntrusted, joinLabels, mainLabels, untrustedFrom } from "@roost/contract/labels";
import { showTrusted } from "../context/show-trusted.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { labelsOfLines, linesOf, wordedLines } from "../records/line-marks.ts";
import { scanHome } from "../scan/scan-home.ts";
import { readMarkedFile } from "./read-home-file.ts";
import { trustHomeFile } from "./trust-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";

const as = { kind: "main" } as const;
const page = joinLabels(mainLabels, untrustedFrom("web", "page.example"));
const paths = ["notes/a.md", "notes/b.md", "skills/c.md", "MEMORY.md"];
const links = ["notes/link.md", "skills/link.md"];
const by = "person:owner";

const whats = [
  "append",
  "remove",
  "move",
  "moveAndEdit",
  "copy",
  "copyAndEdit",
  "copyLine",
  "import",
  "delete",
  "link",
  "trust",
  "trustLine",
  "scan",
] as const;

interface Deed {
  /** Who writes, where something is appended. */
  who: "person" | "page";
  what: (typeof whats)[number];
  from: number;
  to: number;
  at: number;
}

const deeds = fc.array(
  fc.record<Deed>({
    // Most of all what brings in and carries around.
    who: fc.constantFrom("person", "page", "page"),
    what: fc.constantFrom("append", "append", "append", "moveAndEdit", "scan", ...whats),
    from: fc.nat(paths.length - 1),
    to: fc.nat(paths.length - 1),
    at: fc.nat(20),
  }),
  { minLength: 4, maxLength: 14 },
);

/** What is on the disk, and which lines no person has vouched for. */
class World {
  readonly home: TestMemory;
  readonly fromPage = new Set<string>();
  #count = 0;

  constructor(home: TestMemory) {
    this.home = home;
  }

  absolute(path: string): string {
    return join(this.home.homeDir, path);
  }

  read(path: string): Promise<string> {
    return readFile(this.absolute(path), "utf8").catch(() => "");
  }

  line(who: Deed["who"]): string {
    this.#count += 1;
    return `line ${this.#count} as the ${who} wrote it`;
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(this.absolute(path), text);
  }

  async do({ who, what, from, to, at }: Deed): Promise<void> {
    const [source, target] = [paths[from]!, paths[to]!];
    const text = await this.read(source);
    const lines = linesOf(text);
    const index = at % lines.length;
    const edited = () => [...lines.slice(0, index), this.line("person"), ...lines.slice(index + 1)].join("\n");
    switch (what) {
      case "append":
        // Elsewhere such a write is held.
        return who === "page"
          ? this.#download(paths[from % 2]!)
          : this.write(source, `${text}${this.line("person")}\n`);
      case "remove":
        return text === "" ? undefined : this.write(source, lines.toSpliced(index, 1).join("\n"));
      case "move":
        return text === "" || from === to ? undefined : rename(this.absolute(source), this.absolute(target));
      case "moveAndEdit":
        if (text === "" || from === to) return undefined;
        await this.write(target, edited());
        return unlink(this.absolute(source));
      case "copy":
        return text === "" || from === to ? undefined : copyFile(this.absolute(source), this.absolute(target));
      case "copyAndEdit":
        if (text === "" || from === to) return undefined;
        await this.write(target, `${text}${this.line("person")}\n`);
        return void (await scanHome(this.home.memory));
      case "copyLine": {
        if (text === "" || from === to) return undefined;
        const own = Array.from({ length: 5 }, () => this.line("person"));
        await this.write(target, [...own, lines[index], ...own.toReversed(), ""].join("\n"));
        return void (await scanHome(this.home.memory));
      }
      case "import":
        return this.write(target, `${this.line("person")}\n`);
      case "delete":
        return unlink(this.absolute(source)).catch(() => undefined);
      case "link":
        await unlink(this.absolute(links[to % links.length]!)).catch(() => undefined);
        return symlink(this.absolute(source), this.absolute(links[to % links.length]!));
      case "trust":
      case "trustLine":
        if (text === "") return undefined;
        await trustHomeFile(this.home.memory, {
          path: source,
          by,
          ...(what === "trustLine" && { fromLine: index + 1, toLine: index + 1 }),
        });
        for (const line of wordedLines(what === "trust" ? text : lines[index]!)) this.fromPage.delete(line);
        return undefined;
      case "scan":
        return void (await scanHome(this.home.memory));
    }
  }

  /** A run that has read a page, and the file. */
  async #download(path: string): Promise<void> {
    const line = this.line("page");
    const before = await readFile(this.absolute(path), "utf8").catch(() => undefined);
    const expected = before === undefined ? "absent" : hashOf(before);
    const text = `${before ?? ""}${line}\n`;
    const { state } = await writeHomeFile(this.home.memory, {
      path,
      text,
      expected,
      as,
      by: "session:main",
      labels: page,
    });
    assert.equal(state, "written");
    this.fromPage.add(line);
  }

  async check(after: Deed): Promise<void> {
    for (const path of [...paths, ...links]) {
      const file = await readMarkedFile(this.home.memory, path, { as }).catch(() => undefined);
      if (file === undefined) continue;
      const shown = showTrusted(as, file).text;
      for (const [index, line] of linesOf(file.text).entries()) {
        if (!this.fromPage.has(line.trim())) continue;
        const where = `${JSON.stringify(after)}: line ${index + 1} of ${path}: ${line}`;
        assert.ok(isUntrusted(labelsOfLines(file.marks, { from: index + 1, count: 1 })), where);
        assert.ok(!shown.includes(line.trim()), where);
      }
    }
  }
}

/** So many histories of a home are drawn. */
export async function keepMarks(numRuns: number): Promise<void> {
  await using home = await createTestMemory();
  for (const folder of ["notes", "skills"]) await mkdir(join(home.homeDir, folder));
  await fc.assert(
    fc.asyncProperty(deeds, async (made) => {
      for (const path of [...paths, ...links]) await unlink(join(home.homeDir, path)).catch(() => undefined);
      await scanHome(home.memory);
      await home.test.database.query("delete from memory.marked_content");
      await home.test.database.query("delete from memory.marked_line");
      const world = new World(home);
      for (const deed of made) {
        await world.do(deed);
        await world.check(deed);
      }
    }),
    { numRuns },
  );
}
