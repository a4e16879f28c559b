import fc from 'fast-check';
import { expect, test } from 'vitest';
import { languageOf } from './language.ts';

test.each([
  ['en', 'Please summarise the attached report and tell me what the main risks are.'],
  ['en', 'Write a function that is given a list of numbers'],
  ['de', 'Bitte fasse den Bericht zusammen und nenne mir die größten Risiken.'],
  ['de', 'Wie kann ich mein Passwort ändern?'],
  ['fr', 'Résume ce rapport et dis-moi quels sont les principaux risques pour nous.'],
  ['es', '¿Cuál es la capital de Francia y cuántos habitantes tiene?'],
  ['it', 'Qual è la capitale della Francia e come si chiama il presidente?'],
  ['pt', 'Qual é a capital da França? Não sei o que isso quer dizer.'],
  ['nl', 'Wat is de hoofdstad van Frankrijk en hoeveel mensen wonen er?'],
  ['pl', 'Jak się nazywa stolica Francji? Proszę o odpowiedź.'],
  ['sv', 'Vad är huvudstaden i Frankrike och hur många bor där?'],
  ['da', 'Hvad er hovedstaden i Frankrig, og hvordan kommer jeg til den?'],
  ['no', 'Hva er hovedstaden i Frankrike, og hvordan kommer jeg til den fra meg?'],
  ['fi', 'Mikä on Ranskan pääkaupunki ja miten sinne voi matkustaa?'],
  ['tr', 'Fransa’nın başkenti neresi ve bu şehir nasıl bir yer?'],
  ['cs', 'Jaké je hlavní město Francie a kolik je tam lidí, které znám?'],
  ['hu', 'Mi Franciaország fővárosa, és hogyan lehet oda eljutni?'],
  ['ro', 'Care este capitala Franței și cum pot să ajung la ea?'],
  ['id', 'Apa ibu kota Prancis dan bagaimana saya bisa ke sana?'],
  ['vi', 'Thủ đô của nước Pháp là gì và có bao nhiêu người?'],
  ['ru', 'Какая столица у Франции?'],
  ['uk', 'Яка столиця Франції?'],
  ['el', 'Ποια είναι η πρωτεύουσα της Γαλλίας;'],
  ['he', 'מהי בירת צרפת?'],
  ['ar', 'ما هي عاصمة فرنسا؟'],
  ['fa', 'پایتخت فرانسه چیست؟'],
  ['hi', 'फ्रांस की राजधानी क्या है?'],
  ['th', 'เมืองหลวงของฝรั่งเศสคืออะไร'],
  ['ko', '프랑스의 수도는 어디입니까?'],
  ['ja', '東京の人口は何人ですか'],
  ['zh', '法国的首都是哪里?'],
])('knows %s: %s', (language, text) => {
  expect(languageOf(text)).toBe(language);
});

test.each(['', '   ', '12 + 30 = ?', 'hello', 'const x = foo(bar);', 'SELECT id FROM t', '😀😀'])('does not guess at %j', (text) => {
  expect(languageOf(text)).toBe('und');
});

test('goes by most of a text', () => {
  expect(languageOf('Translate this for me, please, and say what it is: こんにちは')).toBe('en');
  expect(languageOf('次の文を英語に翻訳してください。よろしくお願いいたします。 (email)')).toBe('ja');
});

test('has an answer to any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
      expect(languageOf(text)).toMatch(/^(und|[a-z]{2})$/);
    }),
  );
});
