/** Turns environment variables into a checked configuration. Reads the record it is given; each app's config.ts passes the process's environment. */
import type { z } from "zod";
import { describeIssue } from "./describe-issue.ts";
import { RoostError } from "./roost-error.ts";

export interface ReadConfigOptions {
  /** What is configured, for messages: "the gateway". */
  what: string;
}

/**
 * Reads the variables that `schema` names. Empty or blank ones count as not set. The message lists every invalid variable, and never a value.
 * @throws invalid_input
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Readonly<Record<string, string | undefined>>,
  options: ReadConfigOptions,
): z.output<Schema> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value.trim() !== "") given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;

  const complaints = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? "(all)");
    const isMissing = issue.path.length > 0 && !(name in given);
    return isMissing ? `${name} is not set` : `${name} ${describeIssue(issue)}`;
  });
  throw new RoostError(
    "invalid_input",
    `${options.what} is not configured correctly: ${complaints.join("; ")}. Set or correct these environment variables`,
    { details: { variables: [...new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? "")))] } },
  );
}
