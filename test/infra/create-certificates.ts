/** A certificate authority and a certificate of 127.0.0.1 and localhost, made by openssl for one test. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificates {
  /** PEM. */
  authority: string;
  authorityFile: string;
  keyFile: string;
  certificateFile: string;
  /** Key, certificate and authority in one, as Kafka takes them. */
  togetherFile: string;
}

/** @param addresses besides 127.0.0.1 */
export async function createCertificates(directory: string, addresses: readonly string[] = []): Promise<Certificates> {
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: directory });
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "2",
    "-subj",
    "/CN=roost test authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  await openssl("req", ...newKey, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  await writeFile(
    at("server.ext"),
    `subjectAltName=${["DNS:localhost", "IP:127.0.0.1", ...addresses.map((each) => `IP:${each}`)].join(",")}\n`,
  );
  const signed = [
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "server.ext",
  ];
  await openssl("x509", "-req", ...signed, "-out", "server.pem");
  const texts = await Promise.all(["server.key", "server.pem", "ca.pem"].map((name) => readFile(at(name), "utf8")));
  await writeFile(at("together.pem"), texts.join(""), { mode: 0o600 });
  return {
    authority: texts[2]!,
    authorityFile: at("ca.pem"),
    keyFile: at("server.key"),
    certificateFile: at("server.pem"),
    togetherFile: at("together.pem"),
  };
}
