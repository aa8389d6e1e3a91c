import { parts, type PartName } from "./parts.ts";

/** Of one part. What takes longer is skipped. */
const installMsMax = {
  kafka: 180_000,
  postgres: 180_000,
  pgbouncer: 120_000,
  s3: 420_000,
  hosts: 180_000,
  compose: 120_000,
  garage: 7_200_000,
} as const;

/** Installs what is missing, side by side, and says of each part what it is or why it is not there. Never rejects. */
export async function installParts(names: readonly PartName[], say: (line: string) => void): Promise<void> {
  const lines = await Promise.all(
    names.map(async (name) => {
      const { title, find, install } = parts[name];
      try {
        if ((await find()) === undefined) await install({ timeoutMs: installMsMax[name] });
        return `${name}: ${title}`;
      } catch (error) {
        const { message, stderr = "", stdout = "" } = error as Error & { stderr?: string; stdout?: string };
        const reason = [message.split("\n")[0], ...`${stdout}\n${stderr}`.trim().split("\n").slice(-2)].join(" ");
        return `${name}: skipped, ${title} cannot be installed: ${reason}`;
      }
    }),
  );
  for (const line of lines) say(line);
}
