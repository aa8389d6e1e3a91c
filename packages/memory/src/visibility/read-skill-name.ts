/** A skill as an agent's definition names it: `blog`, or `blog@3f2a9c01b2c4` for one version of it. */
export function readSkillName(written: string): { name: string; pin: string | undefined } {
  const [, name = written, pin] = /^(.+)@([0-9a-f]{12,64})$/.exec(written) ?? [];
  return { name, pin };
}
