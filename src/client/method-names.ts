// The server's methods that a client knows by name, as they stand in `Identity.method` and `Challenge.method`.

/** Each method's name; the fields of `ChallengeRequest` and `Proof` are called the same. */
export const methodNames = {
  key: 'key',
  email: 'email',
  wallet: 'wallet',
  password: 'password',
  totp: 'totp',
  recoveryCode: 'recoveryCode',
} as const
