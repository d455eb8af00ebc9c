// Look-alikes: checks that prevent a name from looking like another one. Expects names in canonical form.

/**
 * Scripts in everyday use (UAX 31 Table 5). Others are refused, because few people read them and many look like these.
 */
const scriptsInUse =
  `Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi
  Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana
  Thai Tibetan`.split(/\s+/)

/**
 * The scripts of one name: one script, or those that Japanese, Chinese and Korean mix (UTS 39 5.2, "Highly
 * Restrictive").
 */
const alphabets = [
  ...scriptsInUse.map((script) => [script]),
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
].map((scripts) => {
  const letters = [...scripts, 'Common', 'Inherited'].map((script) => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`^[${letters.join('')}]*$`, 'u')
})

const decimal = /\p{Decimal_Number}/u

/** The zero of a digit's decimal system. Systems are runs of ten code points, some of them adjacent. */
const zeroOf = (digit: string): number => {
  const point = digit.codePointAt(0) ?? 0
  let start = point
  while (decimal.test(String.fromCodePoint(start - 1))) start--
  return point - ((point - start) % 10)
}

/** The value of a decimal digit of any script, 0 to 9. */
export const decimalValueOf = (digit: string): number => (digit.codePointAt(0) ?? 0) - zeroOf(digit)

/** True if all letters are of one alphabet and all digits of one decimal system (UTS 39 5.2 and 5.3). */
export const keepsToOneAlphabet = (name: string): boolean =>
  alphabets.some((alphabet) => alphabet.test(name)) &&
  new Set([...name].filter((letter) => decimal.test(letter)).map(zeroOf)).size <= 1

/** Marks that are invisible or hide their letter. */
const deceptiveMarks = [
  // A dot above a letter that already has one.
  /\p{Soft_Dotted}\p{Mark}*\u0307/u,
  // Strokes through a letter: marks of combining class 1, a property that JavaScript does not have.
  /[\u0334-\u0338\u1cd4\u1ce2-\u1ce8]/u,
  // Marks for symbols, music and phonetics; of the marks for all scripts, names need only U+0300 to U+036F.
  /[[\p{Mark}&&[\p{Script_Extensions=Common}\p{Script_Extensions=Inherited}]]--[\u0300-\u036f]]/v,
  // The same mark twice, which looks like one (UTS 39 5.4).
  /(\p{Mark})\1/u,
  // Too many marks on one letter. Accents need two; Hindi and Burmese words need up to four of their own.
  /\p{Script=Inherited}{3}|\p{Mark}{5}/u,
]

/** True if the name has a mark that deceives or makes it unreadable. */
export const hasDeceptiveMark = (name: string): boolean => deceptiveMarks.some((marks) => marks.test(name))

/** Letters that look like a Latin letter, digit or hyphen, each followed by the one that it looks like; by script. */
const lookAlikes = new Map(
  Object.values({
    Latin: `ᴀa ɑa ʙb ᴄc ᴅd ᴇe ꜰf ɡg ɢg ʜh ɪi ɩi ȷj ᴊj ᴋk ĸk ʟl ǀl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ƽs ᴛt ᴜu ʋu ᴠv ᴡw ʏy ᴢz`,
    Cyrillic: `аa вb ьb сc ԁd еe ҽe ғf ԍg һh іi јj кk ӏl мm пn оo рp ԛq гr ѕs тt цu ѵv ԝw ѡw хx уy үy`,
    Greek: `αa βb εe ιi κk ηn οo σo ρp τt υu νv ωw χx γy`,
    Armenian: `ցg հh յj լl ոn օo զq սu`,
    EastAsian: `〇o \u110bo 丨l \u1175l ㄚy ㄧ- 一- ー- \u1173-`,
    Digits: `0o 1l`,
  }).flatMap((pairs) => pairs.split(' ').map(([letter = '', latin = '']) => [letter, latin] as const)),
)

/**
 * A name in the Latin letters that it looks like, its skeleton (UTS 39 4). It protects a short list of Latin words. Two
 * accounts whose names are each in one script and look alike letter by letter remain possible: preventing that needs
 * all of UTS 39's confusables.txt in the runtime's version of Unicode, which no library provides, and it would refuse
 * names of people who spell them honestly.
 */
export const skeletonOf = (name: string): string =>
  [...name]
    .map((letter) => lookAlikes.get(letter) ?? letter)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
