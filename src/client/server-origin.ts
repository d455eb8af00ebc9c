// Compares the origins and hosts under which a server is known.

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whether two URLs have the same origin. All loopback names count as the same host. */
export const isSameOrigin = (one: string, other: string): boolean => {
  const [a, b] = [new URL(one), new URL(other)]
  const isSameHost =
    a.hostname === b.hostname || (loopbackNames.has(a.hostname) && loopbackNames.has(b.hostname))
  return a.protocol === b.protocol && a.port === b.port && isSameHost
}

/** Whether a text is exactly a host, without a user or path, and that of the origin. */
export const isHostOf = (host: string | null, origin: string): boolean => {
  const named = `${new URL(origin).protocol}//${host}`
  return URL.canParse(named) && new URL(named).host === host && isSameOrigin(named, origin)
}
