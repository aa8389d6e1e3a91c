/**
 * An object store in a bucket of any server that speaks S3. A key is the name of its bytes, so writing it twice writes the same: nothing here relies on
 * conditional writes, which some servers accept and ignore. A larger object is uploaded in parts and seen only when all of them are there; one whose name
 * is known before is not held in memory.
 */
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { backoffMs, jitteredMs, RoostError } from "@roost/base";
import { S3mini, S3NetworkError, S3ServiceError } from "s3mini";
import { cutInParts, createWidth, partBytes } from "./cut-in-parts.ts";
import { explainBucketError, mayPass, statusOf } from "./explain-bucket-error.ts";
import { gatherObject, isName, listLimitOf, objectBytesDefault, requireHash, requireName } from "./hash-object.ts";
import type {
  ListObjectsOptions,
  ObjectContent,
  ObjectList,
  ObjectRange,
  ObjectStat,
  ObjectStore,
} from "./object-store.ts";
import { describeBucket, type Bucket } from "./read-bucket.ts";

const partsAtOnce = 3;
const requestMsMax = 120_000;
const attemptsMax = 4;
const backoff = { firstMs: 200, maxMs: 2_000 };

export interface OpenBucketObjectsOptions {
  /** Begins the names of these objects, such as "parts": a word. */
  area: string;
  /** Limit of one object, which is held in memory while it is put, unless its name is known; default 256 MiB. */
  objectBytesMax?: number;
  /** Pauses between attempts, for tests. */
  pause?: (ms: number) => Promise<unknown>;
}

/**
 * Nothing is asked of the server here: checkBucket does.
 * Every method throws RoostError `unavailable` when the server does not answer or cannot now, and `forbidden` when it refuses the key.
 */
export function openBucketObjects(bucket: Bucket, options: OpenBucketObjectsOptions): ObjectStore {
  return new BucketObjects(bucket, options);
}

/**
 * Writes, reads and deletes one small object.
 * @throws RoostError `unavailable`, `forbidden` or `internal`, saying what the bucket does not do
 */
export async function checkBucket(bucket: Bucket): Promise<void> {
  const store = openBucketObjects(bucket, { area: "probe" });
  const { sha256 } = await store.put(new TextEncoder().encode("roost"));
  if ((await store.get(sha256)) === undefined)
    throw new RoostError("internal", `${describeBucket(bucket)} does not give back what it took`);
  await store.delete(sha256);
}

class BucketObjects implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #client: S3mini;
  readonly #objectBytesMax: number;
  readonly #prefix: string;
  readonly #pause: (ms: number) => Promise<unknown>;

  constructor(bucket: Bucket, { area, objectBytesMax, pause = setTimeout }: OpenBucketObjectsOptions) {
    this.#bucket = bucket;
    this.#objectBytesMax = objectBytesMax ?? objectBytesDefault;
    this.#prefix = `${bucket.prefix}${area}/`;
    this.#pause = pause;
    this.#client = new S3mini({
      endpoint: `${bucket.endpoint}/${bucket.name}`,
      region: bucket.region,
      accessKeyId: bucket.accessKeyId,
      secretAccessKey: bucket.secretAccessKey,
      requestAbortTimeout: requestMsMax,
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          // It would take the signed request to another host.
          redirect: "manual",
          // A proxy that compresses would say no length.
          headers: { ...(init?.headers as Record<string, string>), "accept-encoding": "identity" },
        }),
    });
  }

  async put(content: ObjectContent, expected?: ObjectStat): Promise<ObjectStat> {
    if (expected !== undefined && expected.bytes > partBytes) return await this.#putLarge(content, expected);
    const { bytes, sha256 } = await gatherObject(content, { objectBytesMax: this.#objectBytesMax, expected });
    const whole = { sha256, bytes: bytes.byteLength };
    if (bytes.byteLength <= partBytes) await this.#putWhole(sha256, bytes);
    else await this.#putLarge(bytes, whole);
    return whole;
  }

  /** What has its name and size is read before it is taken for there: it may have been put and never read. A few parts of it are in memory. */
  async #putLarge(content: ObjectContent, expected: ObjectStat): Promise<ObjectStat> {
    const isThere = (await this.stat(expected.sha256))?.bytes === expected.bytes && (await this.#isWhole(expected));
    if (!isThere) await this.#putInParts(content, expected);
    return expected;
  }

  /** @throws RoostError when it cannot be read, which says nothing of its bytes */
  async #isWhole({ sha256, bytes }: ObjectStat): Promise<boolean> {
    const hash = createHash("sha256");
    for await (const piece of this.read(sha256, { from: 0, count: bytes })) hash.update(piece);
    return hash.digest("hex") === sha256;
  }

  async get(sha256: string): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(sha256);
    const bytes = await this.#attempt(async () => {
      const response = await this.#client.getObjectResponse(key);
      if (response === null) return undefined;
      if (Number(response.headers.get("content-length")) > this.#objectBytesMax) throw damaged(sha256);
      return new Uint8Array(await response.arrayBuffer());
    });
    if (bytes !== undefined) requireHash(createHash("sha256").update(bytes), sha256);
    return bytes;
  }

  /** A connection that breaks is taken up again where it broke. */
  async *read(sha256: string, range?: ObjectRange): AsyncIterable<Uint8Array> {
    const key = this.#keyOf(sha256);
    const bytes = (await this.stat(sha256))?.bytes;
    if (bytes === undefined) throw new RoostError("not_found", `there is no object ${sha256}`);
    const hash = createHash("sha256");
    let readBytes = range?.from ?? 0;
    const total = range === undefined ? bytes : Math.min(bytes, range.from + range.count);
    for (let failures = 0; readBytes < total;) {
      const response = await this.#attempt(() => this.#client.getObjectRaw(key, false, readBytes, total));
      if (response.status !== 206 && readBytes > 0)
        throw new RoostError("internal", `${describeBucket(this.#bucket)} does not answer requests for a range`);
      try {
        for await (const piece of response.body ?? []) {
          readBytes += piece.byteLength;
          if (readBytes > total) throw damaged(sha256);
          if (range === undefined) hash.update(piece);
          yield piece;
          failures = 0;
        }
        if (readBytes < total) throw new S3NetworkError("the answer ended early");
      } catch (error) {
        failures += 1;
        if (error instanceof RoostError || failures === attemptsMax) throw explainBucketError(this.#bucket, error);
        await this.#pause(jitteredMs(backoffMs(failures, backoff)));
      }
    }
    if (range === undefined) requireHash(hash, sha256);
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.stat(sha256)) !== undefined;
  }

  async stat(sha256: string): Promise<ObjectStat | undefined> {
    const key = this.#keyOf(sha256);
    return this.#attempt(async () => {
      try {
        return { sha256, bytes: await this.#client.getContentLength(key) };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  async delete(sha256: string): Promise<boolean> {
    const wasThere = await this.has(sha256);
    if (wasThere) await this.#attempt(() => this.#client.deleteObject(this.#keyOf(sha256)));
    return wasThere;
  }

  async list({ after = "", limit }: ListObjectsOptions = {}): Promise<ObjectList> {
    if (after !== "") requireName(after);
    const wanted = listLimitOf(limit);
    const objects: ObjectStat[] = [];
    let startAfter = after;
    for (;;) {
      const page = await this.#attempt(() =>
        // With no prefix a delimiter would fold the names; "start-after" is of S3's second listing.
        this.#client.listObjectsPaged(undefined, this.#prefix, wanted, undefined, {
          "start-after": `${this.#prefix}${startAfter}`,
        }),
      );
      if (!page?.objects) throw new RoostError("unavailable", `there is no bucket ${describeBucket(this.#bucket)}`);
      for (const { Key, Size } of page.objects) {
        const name = Key.slice(this.#prefix.length);
        startAfter = name;
        if (!isName(name)) continue;
        if (objects.length === wanted) return { objects, next: objects.at(-1)!.sha256 };
        objects.push({ sha256: name, bytes: Size });
      }
      if (page.nextContinuationToken === undefined || page.objects.length === 0) return { objects, next: null };
    }
  }

  async link(sha256: string, { seconds, filename }: { seconds: number; filename: string }): Promise<string> {
    return this.#client.getPresignedUrl("GET", this.#keyOf(sha256), seconds, {
      // Whatever it holds is saved, never shown as a page of the server.
      "response-content-type": "application/octet-stream",
      // The client signs queries with !'()* otherwise than servers do, so there are none.
      "response-content-disposition": `attachment; filename="${filename.replaceAll(/[^\w .,@-]/g, "_")}"`,
    });
  }

  async #putWhole(sha256: string, bytes: Uint8Array): Promise<void> {
    await this.#attempt(() =>
      this.#client.putObject(this.#keyOf(sha256), bytes, "application/octet-stream", undefined, checksumOf(bytes)),
    );
  }

  /** The parts go several at a time, and nothing is seen before all of them were what was expected. */
  async #putInParts(content: ObjectContent, expected: ObjectStat): Promise<void> {
    const { sha256 } = expected;
    const key = this.#keyOf(sha256);
    const uploadId = await this.#attempt(() => this.#client.getMultipartUploadId(key));
    const parts: { partNumber: number; etag: string }[] = [];
    const width = createWidth(partsAtOnce);
    try {
      await cutInParts(content, expected, async (part, index) => {
        await width.begin(async () => {
          parts[index] = await this.#attempt(() => this.#client.uploadPart(key, uploadId, part, index + 1));
        });
      });
      await width.end();
      await this.#complete(sha256, { uploadId, parts, bytes: expected.bytes });
    } catch (error) {
      await width.end().catch(() => {});
      // What it leaves is taken away by the bucket's own rule for unfinished uploads.
      await this.#client.abortMultipartUpload(key, uploadId).catch(() => {});
      throw error;
    }
    // Not every server takes checksums of parts, so the whole is read once.
    if (await this.#isWhole(expected)) return;
    await this.delete(sha256);
    throw damaged(sha256);
  }

  async #complete(
    sha256: string,
    { uploadId, parts, bytes }: { uploadId: string; parts: { partNumber: number; etag: string }[]; bytes: number },
  ): Promise<void> {
    try {
      await this.#attempt(async () => {
        const { etag } = await this.#client.completeMultipartUpload(this.#keyOf(sha256), uploadId, parts);
        // A server that has begun to answer says with status 200 that it failed after all.
        if (etag === undefined) throw new S3ServiceError("the upload was not completed", 500, "InternalError");
      });
    } catch (error) {
      // Done by an attempt whose answer was lost: the upload is known no more.
      if ((await this.stat(sha256))?.bytes !== bytes) throw error;
    }
  }

  /** What may pass is tried again. */
  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      try {
        return await work();
      } catch (error) {
        failures += 1;
        if (!mayPass(error) || failures === attemptsMax) throw explainBucketError(this.#bucket, error);
        await this.#pause(jitteredMs(backoffMs(failures, backoff)));
      }
    }
  }

  #keyOf(sha256: string): string {
    requireName(sha256);
    return `${this.#prefix}${sha256}`;
  }
}

/** Checked by the server when it stores the bytes. */
function checksumOf(bytes: Uint8Array): { "x-amz-checksum-sha256": string } {
  return { "x-amz-checksum-sha256": createHash("sha256").update(bytes).digest("base64") };
}

function damaged(sha256: string): RoostError {
  return new RoostError("internal", `object ${sha256} is damaged: restore it from a backup`);
}
