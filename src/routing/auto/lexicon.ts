/** Words that tell what kind of work a task asks for. */
export interface Sign {
  /** Name in the trace. */
  feature: string;
  /** What it adds to the score, in hundredths. */
  points: number;
  /** As they are sought in a text of `plainWords`: a space begins a word, a space ends it. */
  words: readonly string[];
}

/** Whole words and phrases, as `plainWords` writes them: lower-case and without accents, `ä` as `ae`. A `*` stands for any ending. */
const words = (list: string): string[] => list.split(', ').map((word) => (word.endsWith('*') ? ` ${word.slice(0, -1)}` : ` ${word} `));

/** Chinese puts no spaces between words. */
const chinese = (list: string): string[] => list.split(' ');

/** Work on a text that the request brings along. */
export const textWork: Sign = {
  feature: 'works on a given text',
  points: -25,
  words: [
    ...words(
      'translate, translation of, summar*, extract, classify, categori*, label, sentiment, rewrite, rephrase, paraphrase, shorten, reformat, convert',
    ),
    ...words('proofread, correct the, fix the grammar, fix the spelling, grammatical error*, tl dr, transcri*'),
    ...words('uebersetz*, zusammenfass*, fass, fasse, extrahier*, klassifizier*, ordne, umformulier*, formuliere, kuerze, korrigier*, wandle'),
    ...words('traduc*, resum*, extrae, clasific*, reescrib*, corrige, convierte'),
    ...words('traduis, traduire, classe, reformule, extrai*'),
    ...chinese('翻译 译成 总结 概括 摘要 提取 分类 改写 润色 纠正'),
  ],
};

/** Questions for a fact. */
export const lookUp: Sign = {
  feature: 'looks something up',
  points: -15,
  words: [
    ...words(
      'what is the, what s the, what does, who is, who was, who wrote, who invent*, who discover*, when did, when was, when is, where is, which year',
    ),
    ...words('define, how do you say, how old, how tall'),
    ...words('was ist, was heisst, was bedeutet, wer ist, wer war, wer hat, wann war, wann wurde, wo ist, wo liegt'),
    ...words('que es, que significa, cual es, quien es, quien fue, quien escrib*, cuando fue, donde esta'),
    ...words('qu est ce que, qui est, qui a, en quelle annee'),
    ...chinese('什么是 是什么 什么意思 谁 什么时候 哪里 哪一年'),
  ],
};

/** What people say to each other. */
export const smallTalk: Sign = {
  feature: 'small talk',
  points: -20,
  words: [
    ...words('hello, hi, hey, how are you, thanks, thank you, good morning'),
    ...words('hallo, guten tag, guten morgen, danke'),
    ...words('hola, gracias, buenos dias'),
    ...words('bonjour, merci'),
    ...chinese('你好 谢谢 早上好'),
  ],
};

/** A wish for little. */
export const brevity: Sign = {
  feature: 'wants it short',
  points: -15,
  words: [
    ...words('in one sentence, one word, briefly, in a few words, yes or no, short answer'),
    ...words('in einem satz, in einem wort, kurz, ja oder nein'),
    ...words('en una frase, brevemente, en una palabra, si o no'),
    ...words('en une phrase, brievement'),
    ...chinese('一句话 简短 一个词 是或否 简单说'),
  ],
};

/** What makes a task hard. */
export const hardSigns: readonly Sign[] = [
  {
    feature: 'asks to calculate or prove',
    points: 30,
    words: [
      ...words(
        'prove, proof, derive, derivation, calculate, compute, solve, integral, derivative, probability, theorem, equation*, inequality, remainder',
      ),
      ...words('eigenvalue*, area of, volume of, perimeter'),
      ...words('beweis*, berechne*, leite, herleit*, loese, wahrscheinlichkeit, gleichung*, flaeche'),
      ...words('demuestr*, demostra*, calcula, calcule, resuelv*, probabilidad, ecuacion*, area del'),
      ...words('prouve*, demontre*, resous, probabilite'),
      ...chinese('证明 计算 推导 求解 概率 方程'),
    ],
  },
  {
    feature: 'asks for a design or a plan',
    points: 25,
    words: [
      ...words(
        'design a*, design the, designing, architect*, devise, strategy, strategies, plan for, migration plan, roadmap, business plan, research plan, propose a*',
      ),
      ...words('entwirf, entwerf*, konzipier*, konzept, entwickle, strategie'),
      ...words('disena*, arquitectura, estrategia, elabora un*'),
      ...words('concois, concevoir, elabore'),
      ...chinese('设计 架构 方案 策略 规划'),
    ],
  },
  {
    feature: 'asks to weigh or to analyse',
    points: 20,
    words: [
      ...words(
        'compare, comparing, contrast, trade off*, tradeoff*, pros and cons, advantages and, evaluate, assess, analyse, analyze, analysis of, critique, argue',
      ),
      ...words('implications, root cause, diagnos*, vulnerabilit*, security problem*'),
      ...words('vergleich*, abwaeg*, waege, vor und nachteile*, bewerte, beurteil*, analysier*, ursache*, eroertere'),
      ...words('compara, comparar, ventajas, evalua*, analiza*, implicaciones'),
      ...words('avantages, evalue*'),
      ...chinese('比较 对比 分析 评估 权衡 利弊 优缺点'),
    ],
  },
  {
    feature: 'asks for work on code',
    points: 25,
    words: [
      ...words(
        'refactor*, debug*, implement, implementation, optimise, optimize, race condition*, deadlock*, memory leak*, concurren*, thread safe, algorithm*',
      ),
      ...words(
        'stack trace, unit tests, time complexity, write a function, write a program, write a script that, write code, python program, python script, c++ program',
      ),
      ...words('implementier*, optimier*, schreibe tests'),
      ...words('implementa*, optimiza, depura*, refactoriza*, algoritmo'),
      ...words('implemente*, optimise*'),
      ...chinese('重构 调试 实现 优化 算法 死锁 并发'),
    ],
  },
  {
    feature: 'asks for careful steps',
    points: 20,
    words: [
      ...words(
        'step by step, think carefully, think hard, in detail, in depth, thorough*, rigorous*, show your work*, your reasoning, justify, comprehensive',
      ),
      ...words('schritt fuer schritt, ausfuehrlich*, im detail, begruend*, gruendlich'),
      ...words('paso a paso, en detalle, detallad*, razonamiento, justifica*'),
      ...words('etape par etape, en detail'),
      ...chinese('一步一步 逐步 详细 仔细 理由 推理'),
    ],
  },
  {
    feature: 'asks why or how',
    points: 10,
    words: [
      ...words('why, how do, how does, how can, how would, how should, explain, what if'),
      ...words('warum, wieso, wie kann, wie koenn*, wie funktion*, erklaer*'),
      ...words('por que, como funciona*, como puedo, explica*'),
      ...words('pourquoi, comment fonction*, comment faire, comment peut*, explique*'),
      ...chinese('为什么 怎么 如何 解释'),
    ],
  },
];

/** Questions for an amount: together with several numbers, a sum. */
export const sumInWords: Sign = {
  feature: 'sum in words',
  points: 25,
  words: [
    ...words('how many, how much, how long, how far, how fast, what percentage, total, length of'),
    ...words('wie viel*, wie lange, wie weit, wie hoch ist'),
    ...words('cuant*, combien'),
    ...chinese('多少 几个 几天 多久 一共'),
  ],
};

/** Words of those who write programs. */
export const codeWords: readonly string[] = [
  ...words('python, javascript, typescript, java, rust, golang, c++, c#, sql, postgres*, mysql, redis, regex*, kubernetes, docker, react component*'),
  ...words('api, function, program, programming, compiler, bug, codebase, source code, code'),
  ...words('funktion die, funcion, codigo, fonction qui'),
  ...chinese('代码 函数 程序 接口 数据库'),
];
