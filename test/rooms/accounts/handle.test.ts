// A handle: one name in one spelling, that nobody can imitate and nobody gets twice.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseHandle } from '../../../src/accounts/handle.js'
import { askMe, codeOf, dataOf, setHandle } from '../../support/calls.js'
import { KeyOwner, type SignedIn, signInAsGuest } from '../../support/key-owner.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'
import { withoutLimits } from '../../support/without-limits.js'

let idem: TestService
let tables: Tables
let guest: SignedIn
beforeAll(async () => {
  idem = await startTestService({ environment: withoutLimits })
  tables = await Tables.open(idem.databaseUrl)
  guest = await signInAsGuest(idem)
})
afterAll(async () => {
  await tables.close()
  await idem.stop()
})

const available = async (handle: string) =>
  await idem.ask('query ($handle: String!) { handleAvailable(handle: $handle) }', { handle })

test.each([
  ['two characters', 'ab'],
  ['nothing', ''],
  ['65 characters', 'a'.repeat(65)],
  ['10,000 characters', 'a'.repeat(10_000)],
  ['a reserved word', 'admin'],
  ['a reserved word in capitals', 'ADMIN'],
  ['a reserved word in full-width letters', 'ａｄｍｉｎ'],
  ['a reserved word with a zero-width space', 'ad\u200bmin'],
  ['Latin and Cyrillic', 'p\u0430ypal'],
  ['Latin and Greek', 'micr\u03bfsoft'],
  ['Latin and Cherokee', 'abc\u13a0'],
  ['Cyrillic and Greek', '\u0430\u0431\u0432\u03b1'],
  ['a zero-width space', 'ada\u200blovelace'],
  ['a zero-width joiner', 'ada\u200dlovelace'],
  ['a soft hyphen', 'ada\u00adlovelace'],
  ['a byte-order mark', '\ufeffada-l'],
  ['a direction override', 'ada\u202elovelace'],
  ['a variation selector', 'ada\ufe0flovelace'],
  ['a Hangul filler', 'ada\u3164lovelace'],
  ['a tag character', 'ada\u{e0061}b'],
  ['a space', 'ada lovelace'],
  ['a no-break space', 'ada\u00a0lovelace'],
  ['a slash', 'ada/lovelace'],
  ['an at sign', 'ada@example'],
  ['a colon', 'eip155:1'],
  ['a percent sign', 'ada%20x'],
  ['a leading hyphen', '-ada'],
  ['a trailing dot', 'ada.'],
  ['two dots', 'ada..lovelace'],
  ['dots alone', '...'],
  ['a line break', 'ada\nlovelace'],
  ['a zero byte', 'ada\0lovelace'],
  ['an emoji', 'ada🙂'],
  ['half a surrogate pair', 'ada\ud83d'],
  ['markup', '<b>ada</b>'],
  ['ligatures that unfold beyond 64', '\ufdfa'.repeat(20)],
])('%s is refused everywhere', async (_what, handle) => {
  const before = await tables.contents()
  for (const answer of [
    await available(handle),
    await setHandle(idem, guest.accessToken, handle),
    await idem.ask('mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }', {
      input: { key: { publicKey: new KeyOwner(idem).publicKey, handle } },
    }),
  ]) {
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]?.extensions['field']).toBe('handle')
  }
  expect(await tables.contents()).toEqual(before)
})

test.each([
  ['capitals', 'Straw.Berry', 'straw.berry'],
  ['full-width letters', 'ｓｔｒａｗ.berry', 'straw.berry'],
  ['mathematical letters', '𝐬𝐭𝐫𝐚𝐰.berry', 'straw.berry'],
  ['a long s', '\u017ftraw.berry', 'straw.berry'],
  ['a Kelvin sign', '\u212aelvin-one', 'kelvin-one'],
  ['sharp s', 'straße', 'strasse'],
  ['a capital sharp s', 'STRAẞE', 'strasse'],
  ['ligatures', 'oﬃce-name', 'office-name'],
  ['a decomposed accent', 'jose\u0301', 'jos\u00e9'],
  ['a final sigma', 'ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
  ['superscript digits', 'ada\u00b2', 'ada2'],
])('%s are another spelling of the same name', async (_what, spelling, canonical) => {
  const account = await signInAsGuest(idem)
  const first = await setHandle(idem, account.accessToken, spelling)
  // Two spellings of one name in this table: whoever was first has it.
  if (codeOf(first) === null) expect(dataOf(first).setHandle.handle).toBe(canonical)
  else expect(codeOf(first)).toBe('CONFLICT')
  for (const other of [spelling, canonical, canonical.toUpperCase(), spelling.normalize('NFD')]) {
    expect(dataOf(await available(other)).handleAvailable).toBe(false)
    expect(codeOf(await setHandle(idem, guest.accessToken, other))).toBe('CONFLICT')
    expect(codeOf(await new KeyOwner(idem).trySignIn(other))).toBe('PROOF_REJECTED')
  }
})

test.each(['abc', 'a'.repeat(64), '李小龙', 'жизнь', 'ada_lovelace', 'ada-1', '1.2.3', 'नमस्ते', '123'])(
  'the name %s is fine, once',
  async (handle) => {
    expect(dataOf(await available(handle)).handleAvailable).toBe(true)
    const account = await signInAsGuest(idem)
    expect(dataOf(await setHandle(idem, account.accessToken, handle)).setHandle.handle).toBe(handle)
    expect(dataOf(await available(handle)).handleAvailable).toBe(false)
  },
)

test('a canonical name is its own canonical form, and that of its capitals, for every letter there is', () => {
  const canonicalOf = (name: string): string | null => {
    try {
      return parseHandle(name)
    } catch {
      return null
    }
  }
  const wrong: string[] = []
  for (let point = 0; point < 0x110000; point++) {
    if (point >= 0xd800 && point < 0xe000) continue
    const letter = String.fromCodePoint(point)
    const folds = [letter.toLowerCase(), letter.toUpperCase(), letter.normalize('NFKC')].some(
      (form) => form !== letter,
    )
    if (!folds) continue
    const name = `12${letter}`
    const canonical = canonicalOf(name)
    if (canonical === null) continue
    for (const spelling of [canonical, name.toUpperCase(), name.toLowerCase(), name.normalize('NFKD')])
      if (canonicalOf(spelling) !== canonical) wrong.push(point.toString(16))
  }
  expect(wrong).toEqual([])
})

test('a former handle stays reserved for its account, which alone may take it again', async () => {
  const [one, two] = [await signInAsGuest(idem), await signInAsGuest(idem)]
  dataOf(await setHandle(idem, one.accessToken, 'former'))
  dataOf(await setHandle(idem, one.accessToken, 'later'))
  expect(dataOf(await available('former')).handleAvailable).toBe(false)
  expect(codeOf(await setHandle(idem, two.accessToken, 'former'))).toBe('CONFLICT')
  expect(codeOf(await new KeyOwner(idem).trySignIn('former'))).toBe('PROOF_REJECTED')
  dataOf(await setHandle(idem, one.accessToken, 'Former'))
  expect(dataOf(await askMe(idem, one.accessToken)).me.handle).toBe('former')
  const rows = await tables.query('select name from handle where account_id = $1 order by name', [
    one.accountId,
  ])
  expect(rows.map((row) => row.name)).toEqual(['former', 'later'])
})

test('picking the handle that one has changes nothing, and is not audited', async () => {
  const account = await signInAsGuest(idem)
  dataOf(await setHandle(idem, account.accessToken, 'unchanged'))
  const before = await tables.contents()
  expect(dataOf(await setHandle(idem, account.accessToken, 'UNCHANGED')).setHandle.handle).toBe('unchanged')
  expect(await tables.contents()).toEqual(before)
})
