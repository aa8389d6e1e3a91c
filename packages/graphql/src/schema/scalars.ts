/** What GraphQL has no type for: times, whole numbers beyond 32 bits, any JSON. */
import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped, type ValueNode } from "graphql";

const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/i;
const datePattern = /^\d{4}-\d{2}-\d{2}$/;

export const dateTimeScalar = textScalar({
  name: "DateTime",
  description: "A time as in RFC 3339: 2026-05-01T07:00:00Z",
  isValid: (text) => timePattern.test(text) && !Number.isNaN(Date.parse(text)),
});

export const dateScalar = textScalar({
  name: "Date",
  description: "A day as in RFC 3339: 2026-05-01",
  isValid: (text) => datePattern.test(text) && !Number.isNaN(Date.parse(text)),
});

/** JSON has one type of number: what is exact in it goes through as a number. */
export const bigIntScalar = new GraphQLScalarType<unknown, unknown>({
  name: "BigInt",
  description: "A whole number beyond 32 bits, at most 9007199254740991 either way; written as a number or its digits",
  serialize: (value) => value,
  parseValue: (value) => wholeNumber(value),
  parseLiteral: (node) =>
    wholeNumber(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined, node),
});

export const jsonScalar = new GraphQLScalarType<unknown, unknown>({
  name: "JSON",
  description: "Any JSON value",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

function wholeNumber(given: unknown, node?: ValueNode): number {
  const number = typeof given === "string" && /^-?\d{1,16}$/.test(given) ? Number(given) : given;
  if (Number.isSafeInteger(number)) return number as number;
  throw refusal("BigInt", given, node);
}

function textScalar(options: { name: string; description: string; isValid: (text: string) => boolean }) {
  const { name, description, isValid } = options;
  const parse = (given: unknown, node?: ValueNode) => {
    if (typeof given === "string" && isValid(given)) return given;
    throw refusal(name, given, node);
  };
  return new GraphQLScalarType<unknown, unknown>({
    name,
    description,
    serialize: (value) => value,
    parseValue: (value) => parse(value),
    parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined, node),
  });
}

function refusal(name: string, given: unknown, node: ValueNode | undefined): GraphQLError {
  const shown = given === undefined ? "this" : (JSON.stringify(given)?.slice(0, 64) ?? "this");
  return new GraphQLError(`${shown} is not a ${name}`, node === undefined ? {} : { nodes: node });
}
