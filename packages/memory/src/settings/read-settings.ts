/**
 * Reads a home's roost.yaml. Errors are named with their line. A missing file means defaults; an empty one is an incomplete write, and defaults
 * would silently drop the person's caps.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeIssue, jsonObjectOf, nearestName, RoostError, type JsonObject } from "@roost/base";
import { isNode, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { Settings, settingsSchema } from "./settings.ts";

export const settingsFile = "roost.yaml";
const settingsBytesMax = 262_144;

/** @throws RoostError `invalid_input` listing every mistake with file and line, or for an empty file */
export function readSettings(homeDir: string): Settings {
  const path = join(homeDir, settingsFile);
  return parseSettings(readSettingsText(path), path);
}

/** `path` is only used in messages. */
export function parseSettings(text: string, path: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const line = lines.linePos(broken.pos[0]).line;
    throw new RoostError("invalid_input", `${path}:${line}: this is not YAML: ${broken.message.replace(/\.$/, "")}`);
  }
  const result = Settings.safeParse(toValue(document, path) ?? {});
  if (result.success) return result.data;
  const complaints = result.error.issues.map(
    (issue) => `${path}:${lineOf(document, lines, issue)}: ${sentence(issue)}`,
  );
  throw new RoostError("invalid_input", complaints.join("\n"), { details: { path } });
}

/** Empty when there is none. @throws RoostError as readSettings */
export function readSettingsText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new RoostError("invalid_input", `${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length > settingsBytesMax) {
    throw new RoostError(
      "limit_exceeded",
      `${path} has ${bytes.length} bytes (limit ${settingsBytesMax}): keep settings only`,
    );
  }
  if (bytes.length === 0) {
    throw new RoostError(
      "invalid_input",
      `${path} is empty, probably an incomplete write: restore it, or delete it to use the defaults`,
    );
  }
  return bytes.toString("utf8");
}

function toValue(document: Document, path: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw new RoostError("invalid_input", `${path}: its aliases cannot be resolved: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The line of the invalid value, or of the nearest thing around it. */
function lineOf(document: Document, lines: LineCounter, issue: z.core.$ZodIssue): number {
  const unknownKey = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...unknownKey].map((part) => (typeof part === "symbol" ? String(part) : part));
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function sentence(issue: z.core.$ZodIssue): string {
  const where = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => `"${where === "" ? key : `${where}.${key}`}"`).join(", ");
    const nearest = nearestName(issue.keys[0] ?? "", namesAt(issue.path));
    const advice = nearest === undefined ? "check its spelling and its indentation" : `did you mean ${nearest}?`;
    return `${keys} is not a setting: ${advice}`;
  }
  return `${where === "" ? "the settings" : where}: ${describeIssue(issue)}`;
}

/** The names of the settings at a path. */
function namesAt(path: readonly PropertyKey[]): string[] {
  let places: JsonObject[] = [settingsSchema() as JsonObject];
  for (const part of path)
    places = places.flatMap(alternatives).flatMap((place) => {
      const next =
        typeof part === "number"
          ? place["items"]
          : (jsonObjectOf(place["properties"])[String(part)] ?? place["additionalProperties"]);
      return next === undefined ? [] : [jsonObjectOf(next)];
    });
  return places.flatMap(alternatives).flatMap((place) => Object.keys(jsonObjectOf(place["properties"])));
}

function alternatives(schema: JsonObject): JsonObject[] {
  const lists = [schema["anyOf"], schema["oneOf"]].flatMap((list) =>
    Array.isArray(list) ? list.map(jsonObjectOf) : [],
  );
  return [schema, ...lists];
}
