/** Who has which session, by the beginning of its id. A session store would know that. */
const USERS: Readonly<Record<string, string>> = {
  abc12345: 'Alice',
  def67890: 'Bob',
  '1a2b3c4d': 'Carol',
  '90e8f7a6': 'Dave',
};

/** The user whose session it is. */
export function userOfSession(sessionId: string): string | undefined {
  const [key = ''] = sessionId.split('-', 1);
  return Object.hasOwn(USERS, key) ? USERS[key] : undefined;
}
