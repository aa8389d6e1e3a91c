/** Errors as callers see them: the problem of an operation with its code; of all else only that it failed, and where the log has it. */
import { createId, toRoostError, type JsonObject, type Logger } from "@roost/base";
import { toProblem, type Problem } from "@roost/contract";
import { GraphQLError } from "graphql";

export function describeError(error: Readonly<Error>, logger: Logger): GraphQLError {
  // What is said of the request itself: no document, no JSON.
  if (!(error instanceof GraphQLError)) return new GraphQLError(error.message, invalid);
  const { originalError } = error;
  // Syntax, validation and variables.
  if (originalError === undefined || originalError instanceof GraphQLError)
    return "code" in error.extensions ? error : placedAt(error, error.message, invalid.extensions);
  const { service, operation, ...problem } = problemOf(originalError, logger);
  const { code, status, detail, instance, details } = problem;
  const extensions = { code, status, service, operation, instance, details };
  return placedAt(error, detail, JSON.parse(JSON.stringify(extensions)) as JsonObject);
}

function placedAt(error: GraphQLError, message: string, extensions: JsonObject): GraphQLError {
  const { nodes = null, source = null, positions = null, path = null } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

const invalid = { extensions: { code: "invalid_input" } };

type ToldProblem = Pick<Problem, "code" | "status" | "detail" | "instance" | "details"> & {
  service: unknown;
  operation: unknown;
};

function problemOf(thrown: Error, logger: Logger): ToldProblem {
  const error = toRoostError(thrown);
  const { service, operation, instance: told, status, ...details } = error.details ?? {};
  const common = { service, operation };
  // An operation's own problem document: what is not for callers was taken out where it was made.
  if (typeof told === "string" && typeof status === "number") {
    const { code, message: detail } = error;
    return { ...common, code, detail, status, instance: told, ...(Object.keys(details).length > 0 && { details }) };
  }
  const instance = `urn:uuid:${createId()}`;
  if (error.code === "internal") logger.error("a field could not be answered", { instance, error: thrown });
  return { ...common, ...toProblem(error, { instance }), details: undefined };
}
