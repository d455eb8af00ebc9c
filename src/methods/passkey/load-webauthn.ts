// Loads the library of WebAuthn when the first passkey comes, and not at the start of every process.

/** The library and its helpers. With what they read certificates by they take 25 MB and a seventh of a second. */
export const loadWebauthn = async () => {
  const [server, helpers] = await Promise.all([
    import('@simplewebauthn/server'),
    import('@simplewebauthn/server/helpers'),
  ])
  return { server, helpers }
}
