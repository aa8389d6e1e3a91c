/** Where objects are kept when it is not a directory: one bucket of any server that speaks S3. */
import { RoostError } from "@roost/base";

export interface Bucket {
  /** Of the server, without the bucket: `https://s3.eu-central-1.amazonaws.com`, `http://garage.lan:3900`. */
  endpoint: string;
  name: string;
  /** Begins all keys; ends with "/", or is empty. */
  prefix: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

const example = "s3://roost/home?endpoint=http://127.0.0.1:3900&region=garage";
const prefixCharsMax = 200;
const parameters = ["endpoint", "region"];

/**
 * `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`, with the key in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. Without an endpoint it is Amazon's
 * of the region. Undefined when the variable is not set.
 * @throws RoostError `invalid_input`, never with a secret in its message
 */
export function readBucket(
  environment: Readonly<Record<string, string | undefined>>,
  variable: "OBJECTS_URL" | "OBJECTS_FROM_URL" = "OBJECTS_URL",
): Bucket | undefined {
  const written = valueOf(environment, variable);
  if (written === undefined) return undefined;
  try {
    return parseBucket(written, environment);
  } catch (error) {
    throw error instanceof RoostError ? new RoostError(error.code, `${variable} ${error.message}`) : error;
  }
}

function parseBucket(written: string, environment: Readonly<Record<string, string | undefined>>): Bucket {
  const url = URL.parse(written);
  if (url?.protocol !== "s3:") throw wrong(`must be like ${example}`);
  if (url.username !== "" || url.password !== "")
    throw wrong("holds a key: put it into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and take it out of the URL");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host))
    throw wrong("names no bucket: 3 to 63 lower-case letters, digits, dots and hyphens");
  for (const name of url.searchParams.keys())
    if (!parameters.includes(name)) throw wrong(`has the parameter "${name}": it may have ${parameters.join(" and ")}`);
  const prefix = url.pathname.replace(/^\/+|\/+$/g, "");
  if (prefix.length > prefixCharsMax || !/^([\w-][\w.-]*(\/|$))*$/.test(prefix))
    throw wrong(`has a prefix that is none: letters, digits, dots, hyphens and slashes, at most ${prefixCharsMax}`);
  const region = url.searchParams.get("region") ?? valueOf(environment, "AWS_REGION") ?? "us-east-1";
  return {
    endpoint: endpointOf(url.searchParams.get("endpoint"), region),
    name: url.host,
    prefix: prefix === "" ? "" : `${prefix}/`,
    region,
    accessKeyId: required(environment, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: required(environment, "AWS_SECRET_ACCESS_KEY"),
  };
}

/** For messages: no part of its key. */
export function describeBucket({ name, endpoint }: Bucket): string {
  return `the bucket "${name}" at ${new URL(endpoint).host}`;
}

function endpointOf(written: string | null, region: string): string {
  if (!/^[a-z0-9-]{1,60}$/.test(region))
    throw wrong("has a region that is none: lower-case letters, digits and hyphens");
  if (written === null) return `https://s3.${region}.amazonaws.com`;
  const endpoint = URL.parse(written);
  if (endpoint === null || !["http:", "https:"].includes(endpoint.protocol))
    throw wrong("has an endpoint that is no http(s) URL");
  if (endpoint.username !== "" || endpoint.pathname !== "/" || endpoint.search !== "")
    throw wrong("has an endpoint with more than a host and a port");
  return endpoint.origin;
}

function required(environment: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = valueOf(environment, name);
  if (value === undefined) throw new RoostError("invalid_input", `needs ${name}, which is not set`);
  return value;
}

function valueOf(environment: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
}

function wrong(what: string): RoostError {
  return new RoostError("invalid_input", what);
}
