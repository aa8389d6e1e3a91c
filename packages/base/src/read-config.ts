/**
 * Turns environment variables into a checked configuration. It reads the
 * record it is given, never `process.env`: each app's config.ts does that.
 */
import type { z } from "zod";
import { RoostError } from "./roost-error.ts";

export interface ReadConfigOptions {
  /** What is being configured, for the message: "the gateway". */
  what: string;
}

/**
 * The variables that `schema` names, checked and converted by it. An empty or blank
 * variable counts as not set. The message lists every bad variable, and never a value.
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
    return isMissing ? `${name} is not set` : `${name}: ${issue.message}`;
  });
  throw new RoostError(
    "invalid_input",
    `configuration of ${options.what} is refused: ${complaints.join("; ")}. Set or correct the environment variables named here`,
    { details: { variables: [...new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? "")))] } },
  );
}
