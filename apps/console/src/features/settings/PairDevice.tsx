/** Pairing a phone, a tablet or another browser: a code and a QR code that count once, within five minutes. */
import { useState } from "react";
import { encode } from "uqr";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { formatMs } from "../../parts/format.ts";
import { NameForm } from "./NameForm.tsx";
import styles from "./PairDevice.module.css";

interface Pairing {
  code: string;
  expiresAt: string;
  links: readonly string[];
}

export function PairDevice() {
  const { client } = useConsole();
  const [made, setMade] = useState<{ name: string; pairing: Pairing }>();
  if (made !== undefined) return <Code {...made} onAgain={() => setMade(undefined)} />;
  return (
    <NameForm
      label="Name of the device"
      proposal="phone"
      does="Show the code"
      onMake={async (name) => setMade({ name, pairing: await client.createPairing({ name }) })}
    />
  );
}

function Code({ name, pairing, onAgain }: { name: string; pairing: Pairing; onAgain: () => void }) {
  const { client } = useConsole();
  const leftMs = Date.parse(pairing.expiresAt) - useNow();
  const devices = useReading(`pairing:${pairing.code}`, () => client.listTokens({ kind: "device", limit: 200 }), {
    isMoved: ({ type }) => type === "token.created",
  });
  const link = pairing.links[0];
  const isPaired = devices.value?.items.some((token) => token.name === name) === true;
  if (isPaired || leftMs <= 0)
    return (
      <p className="callout" role="status">
        {isPaired ? `${name} is paired.` : "The code has run out."}{" "}
        <Button size="small" onClick={onAgain}>
          {isPaired ? "Pair another" : "Make another"}
        </Button>
      </p>
    );
  return (
    <div className={styles.code}>
      {link !== undefined && <QrCode text={link} />}
      <div>
        <p>
          Open the camera of the device on this, or type the code{link !== undefined && ` at ${link.split("#")[0]}`}:
        </p>
        <p className={`${styles.digits} mono`}>{pairing.code}</p>
        <p className={styles.note} role="timer">
          It counts once, for {formatMs(leftMs)}.
        </p>
        {link?.startsWith("http://127.0.0.1") === true && (
          <p className={styles.near}>
            Only this machine can open that address: docs/phone.md says how a phone reaches the home.
          </p>
        )}
      </div>
    </div>
  );
}

/** White under black in both themes: cameras want it so. */
function QrCode({ text }: { text: string }) {
  const { size, data } = encode(text, { border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return (
    <svg
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the link"
      shapeRendering="crispEdges"
    >
      <path d={path} />
    </svg>
  );
}
