/** A plain folder of Markdown, prompts and skills: every file keeps its place, and a folder with a SKILL.md is a skill. */
import { dirname, basename } from "node:path";
import { slugOf } from "./found/slug-of.ts";
import { noteOf, type Finding, type Found } from "./found/found.ts";
import { placeHere } from "./found/place-here.ts";
import { takeFile, walkSource, type SourceFile } from "./found/walk-source.ts";

export async function* readFolder(root: string): Finding {
  const files: (SourceFile | Found)[] = [];
  for await (const file of walkSource(root)) files.push(file);
  const skills = new Map<string, string>();
  for (const file of files) {
    if ("found" in file || basename(file.path) !== "SKILL.md" || file.path.startsWith("skills/")) continue;
    const folder = dirname(file.path);
    if (folder !== ".") skills.set(folder, `skills/${slugOf(basename(folder))}`);
  }
  for (const file of files) {
    if ("found" in file) yield file;
    else {
      const skill = [...skills].find(([folder]) => file.path.startsWith(`${folder}/`));
      const path =
        skill === undefined ? placeHere(file.path, "folder") : `${skill[1]}${file.path.slice(skill[0].length)}`;
      if (skill === undefined && path !== file.path)
        yield noteOf(`${file.path} comes in as ${path}: its name means something else here`);
      yield* takeFile({ ref: file.path, path, absolute: file.absolute });
    }
  }
}
