// An email address: one mailbox has one spelling, and nothing else passes for an address.
import { expect, test } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { mailboxOf, parseAddress } from '../../../src/mail/address.js'

const refusalOf = (raw: string): Failure => {
  try {
    throw new Error(`accepted as ${parseAddress(raw, 'address')}`)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

test.each([
  ['plain', 'ada@example.org', 'ada@example.org'],
  ['ASCII capitals', 'Ada.Lovelace@EXAMPLE.Org', 'ada.lovelace@example.org'],
  ['spaces around it', '  ada@example.org ', 'ada@example.org'],
  ['a tag', 'ada+idem@example.org', 'ada+idem@example.org'],
  ['every sign of an atom', "!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-@example.org"],
  ['one letter each', 'a@b.c', 'a@b.c'],
  ['many labels', 'a@b.c.d.e.example', 'a@b.c.d.e.example'],
  ['a label of digits', 'a@123.example', 'a@123.example'],
  ['inner hyphens', 'a@r3---s.example', 'a@r3---s.example'],
  ['64 octets before the @', `${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
  ['a label of 63', `a@${'b'.repeat(63)}.de`, `a@${'b'.repeat(63)}.de`],
  ['an umlaut', 'ada@bücher.de', 'ada@xn--bcher-kva.de'],
  ['a capital umlaut', 'ada@BÜCHER.DE', 'ada@xn--bcher-kva.de'],
  ['a decomposed umlaut', 'ada@bu\u0308cher.de', 'ada@xn--bcher-kva.de'],
  ['its A-label', 'ada@xn--bcher-kva.de', 'ada@xn--bcher-kva.de'],
  ['its A-label in capitals', 'ada@XN--BCHER-KVA.DE', 'ada@xn--bcher-kva.de'],
  ['a label of each kind', 'ada@xn--bcher-kva.straße.de', 'ada@xn--bcher-kva.xn--strae-oqa.de'],
  ['sharp s, which is not ss', 'ada@faß.de', 'ada@xn--fa-hia.de'],
  ['a top-level domain of another script', 'ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
  ['Hebrew', 'ada@אב.com', 'ada@xn--4dbc.com'],
  ['a joiner where the script needs it', 'ada@क्\u200dष.in', 'ada@xn--11b2ezcw70k.in'],
  ['an emoji', 'ada@💩.la', 'ada@xn--ls8h.la'],
])('%s', (_what, raw, canonical) => {
  expect(parseAddress(raw, 'address')).toBe(canonical)
  expect(parseAddress(canonical, 'address')).toBe(canonical)
})

test.each([
  ['nothing', ''],
  ['spaces', '   '],
  ['no @', 'ada.example.org'],
  ['only an @', '@'],
  ['nothing before the @', '@example.org'],
  ['nothing behind the @', 'ada@'],
  ['two @', 'a@b@c.de'],
  ['two @ in a row', 'a@@c.de'],
  ['a full-width @', 'ada\uff20example.org'],
  ['a small @', 'ada\ufe6bexample.org'],
  ['a full-width @ behind the @', 'ada@evil.org\uff20example.org'],
  ['a small @ before the @', 'ada\ufe6bexample.org@evil.org'],
  ['a comma list', 'ada@example.org,eve@example.org'],
  ['a comma list of names', 'ada,eve@example.org'],
  ['a semicolon list', 'ada@example.org;eve@example.org'],
  ['a list by spaces', 'ada@example.org eve@example.org'],
  ['a display name', 'Ada <ada@example.org>'],
  ['angle brackets', '<ada@example.org>'],
  ['a group', 'friends: ada@example.org;'],
  ['a mailto link', 'mailto:ada@example.org'],
  ['a comment', 'ada(comment)@example.org'],
  ['a comment behind the @', 'ada@(comment)example.org'],
  ['a quoted local part', '"ada"@example.org'],
  ['a quoted @', '"ada@evil.org"@example.org'],
  ['a quoted space', '"ada lovelace"@example.org'],
  ['an escape', 'ada\\@example.org'],
  ['a leading dot', '.ada@example.org'],
  ['a trailing dot before the @', 'ada.@example.org'],
  ['two dots', 'ada..l@example.org'],
  ['65 octets before the @', `${'a'.repeat(65)}@example.org`],
  ['a space before the @', 'ada l@example.org'],
  ['a space behind the @', 'ada@ example.org'],
  ['a tab around it', '\tada@example.org'],
  ['a no-break space around it', '\u00a0ada@example.org'],
  ['a line break at the end', 'ada@example.org\n'],
  ['CR and LF', 'ada@example.org\r\nBcc: eve@example.org'],
  ['CR and LF before the @', 'ada\r\nRCPT TO:<eve>@example.org'],
  ['a line separator', 'ada\u2028@example.org'],
  ['a zero byte', 'ada\0@example.org'],
  ['a zero byte behind the @', 'ada@example.org\0.evil.org'],
  ['a deletion character', 'ada\x7f@example.org'],
  ['a dotless i before the @', 'm\u0131ke@example.org'],
  ['a Kelvin sign before the @', 'mi\u212ae@example.org'],
  ['a long s before the @', 'me\u017fs@example.org'],
  ['an umlaut before the @', 'jürgen@example.org'],
  ['full-width letters before the @', 'ａｄａ@example.org'],
  ['an emoji before the @', '🙂@example.org'],
  ['a soft hyphen before the @', 'a\u00adda@example.org'],
  ['a zero-width joiner before the @', 'a\u200dda@example.org'],
  ['a byte-order mark around it', '\ufeffada@example.org'],
  ['a direction override', 'ada@\u202eexample.org'],
  ['a direction override before the @', '\u202eada@example.org'],
  ['left and right in one label', 'ada@אa.com'],
  ['a digit before right to left', 'ada@1א.com'],
  ['a Kelvin sign for a k', 'ada@\u212aelvin.de'],
  ['a Kelvin sign beside an umlaut', 'ada@\u212aü.de'],
  ['a long s for an s', 'ada@example.or\u017f'],
  ['full-width letters', 'ada@ｅｘａｍｐｌｅ.org'],
  ['a ligature', 'ada@o\ufb03ce.org'],
  ['a fraction', 'ada@½.de'],
  ['an account-of sign', 'ada@℀.de'],
  ['a soft hyphen', 'ada@exam\u00adple.org'],
  ['a zero-width space', 'ada@exam\u200bple.org'],
  ['a zero-width joiner', 'ada@exam\u200dple.org'],
  ['a zero-width joiner beside an umlaut', 'ada@b\u200dücher.de'],
  ['a byte-order mark', 'ada@\ufeffexample.org'],
  ['a variation selector', 'ada@❤\ufe0f.ws'],
  ['an ideographic full stop', 'ada@example\u3002org'],
  ['a full-width full stop', 'ada@example\uff0eorg'],
  ['a half-width full stop', 'ada@example\uff61org'],
  ['half a surrogate pair', 'ada@\ud83d.org'],
  ['an address literal', 'user@[127.0.0.1]'],
  ['an IPv6 literal', 'user@[IPv6:::1]'],
  ['an IPv4 address', 'user@127.0.0.1'],
  ['a short IPv4 address', 'user@127.1'],
  ['a hexadecimal IPv4 address', 'user@0x7f.1'],
  ['a hexadecimal number at the end', 'user@1.2.3.0x4'],
  ['a number', 'user@2130706433'],
  ['digits for a top-level domain', 'user@example.123'],
  ['no dot', 'user@localhost'],
  ['a trailing dot', 'ada@example.org.'],
  ['a leading dot behind the @', 'ada@.example.org'],
  ['an empty label', 'ada@example..org'],
  ['a dot alone', 'ada@.'],
  ['a port', 'ada@example.org:25'],
  ['a path', 'ada@example.org/x'],
  ['a query', 'ada@example.org?cc=eve'],
  ['a fragment', 'ada@example.org#x'],
  ['a backslash', 'ada@example.org\\x'],
  ['a percent sign', 'ada@ex%61mple.org'],
  ['an underscore', 'ada@ex_ample.org'],
  ['a leading hyphen', 'ada@-example.org'],
  ['a trailing hyphen', 'ada@example-.org'],
  ['a label of 64', `a@${'b'.repeat(64)}.de`],
  ['an international label of 64', `a@${'ü'.repeat(60)}.de`],
  ['254 octets of domain', `a@${'b.'.repeat(125)}abcd`],
  ['255 octets in all', `${'a'.repeat(64)}@${'b.'.repeat(93)}abcd`],
  ['an A-label that says nothing', 'ada@xn--.de'],
  ['an A-label of ASCII', 'ada@xn--abc-.de'],
  ['an A-label that does not decode', 'ada@xn--a.de'],
  ['an A-label beside an umlaut', 'ada@xn--bücher.de'],
  ['10 KB', `${'a'.repeat(10_240)}@example.org`],
  ['10 KB of @', '@'.repeat(10_240)],
  ['10 KB of spaces', `${' '.repeat(10_240)}ada@example.org`],
])('%s is refused', (_what, raw) => {
  const failure = refusalOf(raw)
  expect(failure.code).toBe('BAD_USER_INPUT')
  expect(failure.details.field).toBe('address')
  if (raw.length > 20) expect(failure.message).not.toContain(raw)
})

test('the longest address there is', () => {
  const domain = `${'b.'.repeat(93)}abc`
  expect(parseAddress(`${'a'.repeat(64)}@${domain}`, 'address')).toHaveLength(254)
})

test('a dotless i never becomes the i of another domain', () => {
  expect(parseAddress('mike@g\u0131thub.com', 'address')).toBe('mike@xn--gthub-n4a.com')
  expect(parseAddress('MIKE@GITHUB.COM', 'address')).toBe('mike@github.com')
})

test('no letter beyond ASCII ends up as a letter of ASCII, in either half', () => {
  const wrong: string[] = []
  for (let point = 0x80; point < 0x110000; point++) {
    const letter = String.fromCodePoint(point)
    // Those that some mapping changes: the others cannot become anything else.
    const folds = [letter.toLowerCase(), letter.toUpperCase(), letter.normalize('NFKC')]
    if (folds.every((form) => form === letter)) continue
    for (const raw of [`a${letter}@example.org`, `ada@a${letter}.org`])
      try {
        const domain = parseAddress(raw, 'address').split('@')[1] ?? ''
        if (!domain.startsWith('xn--')) wrong.push(point.toString(16))
      } catch (error) {
        if (!(error instanceof Failure)) throw error
      }
  }
  expect(wrong).toEqual([])
})

test.each([
  ['ada@example.org', 'ada@example.org'],
  ['ada+news@example.org', 'ada@example.org'],
  ['ada+a+b@example.org', 'ada@example.org'],
  // Nothing stands before the tag: it is the name.
  ['+news@example.org', '+news@example.org'],
  ['+a+b@example.org', '+a@example.org'],
  // Dots are dropped where the provider says that they mean nothing, and nowhere else.
  ['a.d.a+x@gmail.com', 'ada@gmail.com'],
  ['ada@googlemail.com', 'ada@gmail.com'],
  ['a.da@example.org', 'a.da@example.org'],
  // A sub-domain may have a mail server of its own.
  ['ada@mail.example.org', 'ada@mail.example.org'],
  ['ada@mail.gmail.com', 'ada@mail.gmail.com'],
])('the mailbox of %s is %s', (address, mailbox) => {
  expect(mailboxOf(parseAddress(address, 'address'))).toBe(mailbox)
})
