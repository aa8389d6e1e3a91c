/** Rewrites the gateway's complaint about a field as one about the option that gave it. */
import { formatDurationMs, RoostError } from "@roost/base";
import type { Command } from "commander";

interface Issue {
  path: string;
  message: string;
}

/** Other errors stay as they are. */
export function explainInput(thrown: unknown, program: Command, args: readonly string[]): unknown {
  if (!(thrown instanceof RoostError) || thrown.code !== "invalid_input") return thrown;
  const command = findCommand(program, args);
  const empty = /^\w+ needs (\w+), but it is empty$/.exec(thrown.message)?.[1];
  const issues = empty === undefined ? issuesOf(thrown) : [{ path: empty, message: "is empty" }];
  if (issues.length === 0) return thrown;
  const message = issues.map((issue) => explainIssue(issue, command)).join("; ");
  return new RoostError("invalid_input", message, { cause: thrown, details: thrown.details ?? {} });
}

function issuesOf({ message, details }: RoostError): Issue[] {
  const issues = details?.["issues"];
  return message.startsWith("the input of ") && Array.isArray(issues) ? (issues as Issue[]) : [];
}

function findCommand(program: Command, args: readonly string[]): Command {
  const [name, ...rest] = args.filter((arg) => !arg.startsWith("-"));
  const found = program.commands.find((one) => one.name() === name || one.aliases().includes(name ?? ""));
  return found === undefined ? program : findCommand(found, rest);
}

/** A field is named like its option, at most with its unit behind it: `ttlMs` for `--ttl`, `fromSeq` for `--from`. */
function explainIssue({ path, message }: Issue, command: Command): string {
  const option = command.options.find((one) => path === one.attributeName() || isWithUnit(path, one.attributeName()));
  const argument = command.registeredArguments.find((one) => path === one.name() || isWithUnit(path, one.name()));
  const name = option?.long ?? (argument === undefined ? path : `<${argument.name()}>`);
  const [, verb, reach, limit, unit = ""] = /^must (be|have) (at least|at most) (-?\d+)( \w+)?$/.exec(message) ?? [];
  if (limit === undefined) return message.startsWith("is ") ? `${name} ${message}` : `${name}: ${message}`;
  const bound = path.endsWith("Ms") ? formatDurationMs(Number(limit)) : limit;
  return `${name} ${verb === "have" ? "has" : "is"} ${reach} ${bound}${unit}`;
}

function isWithUnit(path: string, name: string): boolean {
  return path.startsWith(name) && /^(?:Ms|Seq|Id|Key|Usd)$/.test(path.slice(name.length));
}
