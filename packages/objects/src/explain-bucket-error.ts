/** What an answer of a server of S3 means: whether it may pass, and what a person can do. */
import { RoostError } from "@roost/base";
import { S3ServiceError } from "s3mini";
import { describeBucket, type Bucket } from "./read-bucket.ts";

/** Never with a secret in its message. */
export function explainBucketError(bucket: Bucket, error: unknown): unknown {
  if (error instanceof RoostError) return error;
  const status = statusOf(error);
  const where = describeBucket(bucket);
  if (status === undefined)
    return new RoostError("unavailable", `${where} does not answer: see that its server runs`, { cause: error });
  const said = answerOf(error)?.serviceCode ?? "";
  if (status >= 300 && status < 400)
    return new RoostError(
      "unavailable",
      `${where} answered ${status}: the bucket is at another endpoint or in another region: mend OBJECTS_URL`,
      { cause: error },
    );
  if (said === "RequestTimeTooSkewed")
    return new RoostError("unavailable", `${where} does not accept the clock of this machine: set its time`, {
      cause: error,
    });
  if (status === 401 || status === 403)
    return new RoostError("forbidden", `${where} refuses the key: it must read, write, list and delete there`, {
      cause: error,
    });
  if (status === 404)
    return new RoostError("unavailable", `there is no bucket ${where}: make it, or mend OBJECTS_URL`, {
      cause: error,
    });
  return new RoostError("unavailable", `${where} answered ${status} ${said}`.trimEnd(), { cause: error });
}

/** Some methods of the client wrap what the server answered. */
function answerOf(error: unknown): S3ServiceError | undefined {
  if (error instanceof S3ServiceError) return error;
  return error instanceof Error && error.cause instanceof S3ServiceError ? error.cause : undefined;
}

export function statusOf(error: unknown): number | undefined {
  return answerOf(error)?.status;
}

export function mayPass(error: unknown): boolean {
  if (error instanceof RoostError) return false;
  const status = statusOf(error);
  return status === undefined || status === 429 || status >= 500;
}
