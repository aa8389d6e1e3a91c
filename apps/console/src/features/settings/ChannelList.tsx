/** Chat channels: whether they work, whose chat is the person's, and who else may write. */
import type { ChannelRecord, PeerRecord } from "@roost/contract/operations";
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { formatAgo } from "../../parts/format.ts";
import { useAct } from "../../parts/use-act.ts";
import { ShownOnce } from "./ShownOnce.tsx";
import { SettingsList } from "./SettingsList.tsx";

export function ChannelList() {
  const { client } = useConsole();
  const reading = useReading("settings:channels", () => client.listChannels({}));
  return (
    <SettingsList title="Channels" what="channels" reading={reading} rowCount={2}>
      {(channel) => <ChannelRow key={channel.name} channel={channel} />}
    </SettingsList>
  );
}

function ChannelRow({ channel: { name, account, state, reason, boundTo, seenAt } }: { channel: ChannelRecord }) {
  const { client } = useConsole();
  const now = useNow();
  const [code, setCode] = useState<string>();
  const { isBusy, refusal, act } = useAct(() => undefined);
  const channel = name as "telegram";
  const bind = async () => setCode((await client.createPairing({ channel })).code);
  return (
    <>
      <li>
        <span>
          <b>{account === null ? name : `${name}: ${account}`}</b>
          <small data-bad={state === "failing" || undefined}>
            {state}
            {boundTo !== null && ` · your chat is ${boundTo}`}
            {seenAt !== null && ` · heard ${formatAgo(now - Date.parse(seenAt))}`}
          </small>
          {reason !== null && <small>{reason}</small>}
        </span>
        {state !== "off" && (
          <Button size="small" isBusy={isBusy} onClick={() => act(bind)}>
            {boundTo === null ? "Bind my chat" : "Bind another chat"}
          </Button>
        )}
        {refusal !== undefined && <p role="alert">{refusal}</p>}
      </li>
      {code !== undefined && (
        <li>
          <ShownOnce text={code}>Send this to the bot within five minutes.</ShownOnce>
        </li>
      )}
      {state !== "off" && <Peers channel={channel} />}
    </>
  );
}

function Peers({ channel }: { channel: "telegram" }) {
  const { client } = useConsole();
  const { value, reload } = useReading(`settings:peers:${channel}`, () => client.listPeers({ channel, limit: 100 }));
  return value?.items.map((peer) => <PeerRow key={peer.id} channel={channel} peer={peer} onChange={reload} />);
}

function PeerRow({ channel, peer, onChange }: { channel: "telegram"; peer: PeerRecord; onChange: () => void }) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onChange);
  const { id, name, title, kind, standing, refusedCount } = peer;
  const next = standing === "guest" ? "refused" : "guest";
  return (
    <li>
      <span>
        {title ?? name ?? id}
        <small>
          {kind} · {standing}
          {refusedCount > 0 && ` · ${refusedCount} messages were dropped`}
        </small>
      </span>
      {standing !== "owner" && (
        <Button
          size="small"
          isBusy={isBusy}
          onClick={() => act(() => client.changePeer({ channel, peer: id, standing: next }))}
        >
          {next === "guest" ? "Allow as a guest" : "Refuse"}
        </Button>
      )}
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </li>
  );
}
