/** A certificate and its key, from files; read again when they change, as ACME clients and clusters replace them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";
import { stampOfFile } from "./security/stamp-of-file.ts";

export interface CertificateFiles {
  /** The chain, the server's own first. */
  cert: string;
  key: string;
  /** Told when files that changed cannot be used: the pair before stays. */
  onProblem?: (reason: string) => void;
  /** Between two looks. Default: 5 s. */
  everyMs?: number;
}

export interface CertificatePair {
  cert: string;
  key: string;
}

export interface Certificate {
  pair(): CertificatePair;
  /** Called with each new pair, until the returned function is. */
  watch(take: (pair: CertificatePair) => void): () => void;
}

const everyMsDefault = 5_000;

/** @throws RoostError `invalid_input` when the files cannot be read, or do not belong together */
export async function openCertificate(files: CertificateFiles): Promise<Certificate> {
  let stamp = await stampOf(files);
  let current = await readPair(files);
  return {
    pair: () => current,
    watch(take) {
      const look = async () => {
        const now = await stampOf(files);
        if (now === stamp) return;
        try {
          current = await readPair(files);
          take(current);
          stamp = now;
        } catch (error) {
          // Key and certificate are replaced one after the other.
          files.onProblem?.((error as Error).message);
        }
      };
      const timer = setInterval(() => void look(), files.everyMs ?? everyMsDefault).unref();
      return () => clearInterval(timer);
    },
  };
}

async function readPair({ cert: certPath, key: keyPath }: CertificateFiles): Promise<CertificatePair> {
  const read = (path: string) =>
    readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new RoostError("invalid_input", `${path} of listen.tls cannot be read: ${error.code}`, { cause: error });
    });
  const pair = { cert: await read(certPath), key: await read(keyPath) };
  const fits = (() => {
    try {
      return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
    } catch {
      return false;
    }
  })();
  if (!fits)
    throw new RoostError(
      "invalid_input",
      `${keyPath} is not the key of the certificate in ${certPath}: give both in PEM form`,
    );
  return pair;
}

async function stampOf({ cert, key }: CertificateFiles): Promise<string> {
  return (await Promise.all([cert, key].map(stampOfFile))).join(" ");
}
