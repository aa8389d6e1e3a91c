/** Examples for the command reference. */
const examples: Readonly<Record<string, readonly string[]>> = {
  "roost link": ["./roost link", "./roost link --directory /usr/local/bin"],
  "roost ask": [
    "roost ask what is on my list today",
    "git diff | roost ask review this",
    "roost ask --file photo.jpg what is this",
    "roost ask --json --session main hello | jq -r .text",
  ],
  "roost recall": ["roost recall 'when does Anna arrive'", "roost recall --kind conversation --since 30d pottery"],
  "roost remember": [
    "roost remember the spare key is with Ida",
    "roost remember 'Anna moved to Munich' --fact 'Anna | lives in | Munich'",
  ],
  "roost facts correct": ["roost facts correct a1b2c3d4 Vienna --reason 'misheard'"],
  "roost ps": ["roost ps", "roost ps --once", "roost ps --json | jq '.rows[] | select(.state == \"running\")'"],
  "roost runs": ["roost runs --state failed --last 5"],
  "roost run replay": [
    "roost run replay last",
    "# after changing a job's tools: what would the model be asked in the fifth step?",
    "roost run replay a1b2c3d4 --from 5 --full",
    "roost run replay last --json | jq '.differences[0]'",
  ],
  "roost jobs add": [
    "roost jobs add blog --cron '0 6 * * *' --time-zone Europe/Berlin --prompt 'Write the post of the day'",
    "roost jobs add mail --every 20m --input memory/email-state.json=1h --prompt 'Look through the mail'",
  ],
  "roost jobs apply": ["roost jobs apply jobs/ --dry-run", "roost jobs apply jobs/blog.yaml --prune"],
  "roost import": ["roost import ~/.openclaw --dry-run", "roost import ~/.claude", "roost import ~/notes --as folder"],
  "roost export": ["roost export ~/roost-export"],
  "roost hosts invite": ["roost hosts invite laptop"],
  "roost join": ["ROOST_HOME=~/.roost roost join https://roost.example --code ABCD-EFGH"],
  "roost sync": ["roost sync", "roost sync --follow"],
  "roost database move": ["roost database move env:NEW_DATABASE", "roost database move own"],
  "roost jobs import": ["roost jobs import ~/.openclaw --dry-run"],
  "roost rehearse": [
    "roost rehearse",
    "# before applying a change, over the night when summer time begins",
    "roost rehearse --jobs jobs/ --from 2027-03-28T00:00",
    "roost rehearse --hours 168 --json | jq '.caps[] | select(.refusals > 0)'",
  ],
  "roost log tail": ["roost log tail --type run.failed --since 1d"],
  "roost log schemas check": ["roost log schemas check schemas/mail-received.yaml"],
  "roost log replay": ["roost log replay state-files --check", "roost log replay state-files"],
  "roost log dead": ["roost log dead", "roost log dead --key inbox"],
  "roost log retry": ["roost log retry 12", "roost log retry --key inbox --drop --reason 'mails of a test'"],
  "roost log groups": ["roost log groups", "roost log groups mail-index"],
  "roost log groups reset": ["roost log groups reset mail-index --to 2h"],
  "roost log groups skip": ["roost log groups skip mail-index runs/0 --reason 'not a mail'"],
  "roost keys create": [
    "roost keys create open-webui --usd-per-day 2",
    "# for the person's own sessions, and for one agent only",
    "roost keys create phone --scope agents:call --scope main",
    "roost keys create blog-plugin --model roost/blog-writer",
  ],
  "roost models add": [
    "roost models add qwen3:8b --url http://127.0.0.1:11434/v1 --free",
    "roost models add anthropic/claude-sonnet-5 --openrouter --key < key.txt",
  ],
  "roost lock": [
    "roost lock backup -- /usr/local/bin/backup.sh",
    "# in a crontab: skip this time while another runs it",
    "*/20 * * * * ~/.local/bin/roost lock --no-wait mail -- fetch-mail",
  ],
  "roost once": [
    'roost once --key "newsletter-$(date +%F)" -- send-newsletter',
    "# after checking that it was not sent",
    "roost once --key newsletter-2025-06-01 --retry-unknown -- send-newsletter",
  ],
  "roost reserve": ["roost reserve --scope blog 'Why clocks drift' && write-post"],
};

/** By full command name, such as `roost jobs add`. */
export function examplesOf(path: string): readonly string[] {
  return examples[path] ?? [];
}
