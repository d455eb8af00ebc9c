// Why a call got no answer of Idem, for programs that react differently to each cause.

/** A closed list; each word is one cause with one remedy. */
export type FaultReason =
  // Without a connection:
  | 'NAME_UNKNOWN'
  | 'NO_NAME_SERVER'
  | 'REFUSED'
  | 'NO_ROUTE'
  | 'NO_CONNECTION'
  | 'PORT_BLOCKED'
  // With a connection and no trust in it:
  | 'CERTIFICATE_UNTRUSTED'
  | 'CERTIFICATE_NAME'
  | 'CERTIFICATE_EXPIRED'
  | 'CERTIFICATE_TOO_EARLY'
  | 'CERTIFICATE_REFUSED'
  | 'NO_TLS'
  | 'TLS_REFUSED'
  // With a connection and no whole answer:
  | 'NO_HTTP'
  | 'HUNG_UP'
  | 'CUT_SHORT'
  // With an answer of something between here and Idem:
  | 'PROXY_LOGIN'
  | 'PROXY_REFUSED'
  | 'NETWORK_LOGIN'
  | 'REDIRECTED'
  | 'GATEWAY'
  | 'NO_IDEM'
  | 'OTHER'
