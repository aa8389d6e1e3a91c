// Servers that do not take `response_format`, or not with a schema. The model is told the form in words anyway, and its answer is looked at, so that
// nothing is lost.

import type { Mend } from "./mend.ts";

const isAboutFormat = /response_?format|json_schema|json_object|json[ _]mode|structured[ _]output|grammar|\bschema\b/i;
const isRefused =
  /not|n['’]t\b|unsupported|unknown|unexpected|unrecogni[sz]ed|invalid|only|must|cannot|required|fail(ed)?|extra|error/i;

const anyObject = "json_object";
const inWords = "left out";

export const formatMend: Mend = {
  id: "without response_format",
  recognise: ({ text }, body) => {
    const format = body["response_format"] as { type?: unknown } | undefined;
    if (format === undefined || !isAboutFormat.test(text) || !isRefused.test(text)) return undefined;
    return format.type === "json_schema" ? anyObject : inWords;
  },
  apply: (body, setting) => {
    const { response_format: format, ...rest } = body;
    if (format === undefined) return body;
    return setting === anyObject ? { ...body, response_format: { type: anyObject } } : rest;
  },
  tell: (setting) =>
    setting === anyObject
      ? "asked for any JSON object: this server takes no schema of the answer"
      : "asked for JSON in words alone: this server takes no form of the answer",
};
