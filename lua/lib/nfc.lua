-- Unicode's composition for the marks that Latin, Greek, Cyrillic and Kana letters
-- carry: what a letter and a mark become, as pairs of letter and result. Made from
-- the Unicode character database 14.0 (all primary composites whose second part is
-- U+0300 to U+036F, U+3099 or U+309A). mesh.text uses it.
local nfc = {}

local PAIRS = {
  [0x0300] = "AÀEÈIÌNǸOÒUÙWẀYỲaàeèiìnǹoòuùwẁyỳ¨῭ÂẦÊỀÔỒÜǛâầêềôồüǜĂẰăằĒḔēḕŌṐōṑƠỜơờƯỪưừΑᾺΕῈΗῊ"
    .. "ΙῚΟῸΥῪΩῺαὰεὲηὴιὶοὸυὺωὼϊῒϋῢЕЀИЍеѐиѝἀἂἁἃἈἊἉἋἐἒἑἓἘἚἙἛἠἢἡἣἨἪἩἫἰἲἱἳἸἺἹἻὀὂὁὃὈὊὉὋὐὒ"
    .. "ὑὓὙὛὠὢὡὣὨὪὩὫ᾿῍῾῝",
  [0x0301] = "AÁCĆEÉGǴIÍKḰLĹMḾNŃOÓPṔRŔSŚUÚWẂYÝZŹaácćeégǵiíkḱlĺmḿnńoópṕrŕsśuúwẃyýzź¨΅ÂẤÅǺÆǼ"
    .. "ÇḈÊẾÏḮÔỐÕṌØǾÜǗâấåǻæǽçḉêếïḯôốõṍøǿüǘĂẮăắĒḖēḗŌṒōṓŨṸũṹƠỚơớƯỨưứΑΆΕΈΗΉΙΊΟΌΥΎΩΏαάεέ"
    .. "ηήιίοόυύωώϊΐϋΰϒϓГЃКЌгѓкќἀἄἁἅἈἌἉἍἐἔἑἕἘἜἙἝἠἤἡἥἨἬἩἭἰἴἱἵἸἼἹἽὀὄὁὅὈὌὉὍὐὔὑὕὙὝὠὤὡὥὨὬ"
    .. "ὩὭ᾿῎῾῞",
  [0x0302] = "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶZẐaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷzẑẠẬạậẸỆẹệỌỘọộ",
  [0x0303] = "AÃEẼIĨNÑOÕUŨVṼYỸaãeẽiĩnñoõuũvṽyỹÂẪÊỄÔỖâẫêễôỗĂẴăẵƠỠơỡƯỮưữ",
  [0x0304] = "AĀEĒGḠIĪOŌUŪYȲaāeēgḡiīoōuūyȳÄǞÆǢÕȬÖȪÜǕäǟæǣõȭöȫüǖǪǬǫǭȦǠȧǡȮȰȯȱΑᾹΙῙΥῩαᾱιῑυῡИӢУӮ"
    .. "иӣуӯḶḸḷḹṚṜṛṝ",
  [0x0306] = "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭȨḜȩḝΑᾸΙῘΥῨαᾰιῐυῠАӐЕӖЖӁИЙУЎаӑеӗжӂийуўẠẶạặ",
  [0x0307] = "AȦBḂCĊDḊEĖFḞGĠHḢIİMṀNṄOȮPṖRṘSṠTṪWẆXẊYẎZŻaȧbḃcċdḋeėfḟgġhḣmṁnṅoȯpṗrṙsṡtṫwẇxẋyẏ"
    .. "zżŚṤśṥŠṦšṧſẛṢṨṣṩ",
  [0x0308] = "AÄEËHḦIÏOÖUÜWẄXẌYŸaäeëhḧiïoötẗuüwẅxẍyÿÕṎõṏŪṺūṻΙΪΥΫιϊυϋϒϔІЇАӒЕЁЖӜЗӞИӤОӦУӰЧӴЫӸ"
    .. "ЭӬаӓеёжӝзӟиӥоӧуӱчӵыӹэӭіїӘӚәӛӨӪөӫ",
  [0x0309] = "AẢEẺIỈOỎUỦYỶaảeẻiỉoỏuủyỷÂẨÊỂÔỔâẩêểôổĂẲăẳƠỞơởƯỬưử",
  [0x030a] = "AÅUŮaåuůwẘyẙ",
  [0x030b] = "OŐUŰoőuűУӲуӳ",
  [0x030c] = "AǍCČDĎEĚGǦHȞIǏKǨLĽNŇOǑRŘSŠTŤUǓZŽaǎcčdďeěgǧhȟiǐjǰkǩlľnňoǒrřsštťuǔzžÜǙüǚƷǮʒǯ",
  [0x030f] = "AȀEȄIȈOȌRȐUȔaȁeȅiȉoȍrȑuȕѴѶѵѷ",
  [0x0311] = "AȂEȆIȊOȎRȒUȖaȃeȇiȋoȏrȓuȗ",
  [0x0313] = "ΑἈΕἘΗἨΙἸΟὈΩὨαἀεἐηἠιἰοὀρῤυὐωὠ",
  [0x0314] = "ΑἉΕἙΗἩΙἹΟὉΡῬΥὙΩὩαἁεἑηἡιἱοὁρῥυὑωὡ",
  [0x031b] = "OƠUƯoơuư",
  [0x0323] = "AẠBḄDḌEẸHḤIỊKḲLḶMṂNṆOỌRṚSṢTṬUỤVṾWẈYỴZẒaạbḅdḍeẹhḥiịkḳlḷmṃnṇoọrṛsṣtṭuụvṿwẉyỵzẓ"
    .. "ƠỢơợƯỰưự",
  [0x0324] = "UṲuṳ",
  [0x0325] = "AḀaḁ",
  [0x0326] = "SȘTȚsștț",
  [0x0327] = "CÇDḐEȨGĢHḨKĶLĻNŅRŖSŞTŢcçdḑeȩgģhḩkķlļnņrŗsştţ",
  [0x0328] = "AĄEĘIĮOǪUŲaąeęiįoǫuų",
  [0x032d] = "DḒEḘLḼNṊTṰUṶdḓeḙlḽnṋtṱuṷ",
  [0x032e] = "HḪhḫ",
  [0x0330] = "EḚIḬUṴeḛiḭuṵ",
  [0x0331] = "BḆDḎKḴLḺNṈRṞTṮZẔbḇdḏhẖkḵlḻnṉrṟtṯzẕ",
  [0x0338] = "<≮=≠>≯←↚→↛↔↮⇐⇍⇒⇏⇔⇎∃∄∈∉∋∌∣∤∥∦∼≁≃≄≅≇≈≉≍≭≡≢≤≰≥≱≲≴≳≵≶≸≷≹≺⊀≻⊁≼⋠≽⋡⊂⊄⊃⊅⊆⊈⊇⊉⊑⋢⊒⋣⊢⊬⊨⊭"
    .. "⊩⊮⊫⊯⊲⋪⊳⋫⊴⋬⊵⋭",
  [0x0342] = "¨῁αᾶηῆιῖυῦωῶϊῗϋῧἀἆἁἇἈἎἉἏἠἦἡἧἨἮἩἯἰἶἱἷἸἾἹἿὐὖὑὗὙὟὠὦὡὧὨὮὩὯ᾿῏῾῟",
  [0x0345] = "ΑᾼΗῌΩῼάᾴήῄαᾳηῃωῳώῴἀᾀἁᾁἂᾂἃᾃἄᾄἅᾅἆᾆἇᾇἈᾈἉᾉἊᾊἋᾋἌᾌἍᾍἎᾎἏᾏἠᾐἡᾑἢᾒἣᾓἤᾔἥᾕἦᾖἧᾗἨᾘἩᾙἪᾚἫᾛἬᾜ"
    .. "ἭᾝἮᾞἯᾟὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὨᾨὩᾩὪᾪὫᾫὬᾬὭᾭὮᾮὯᾯὰᾲὴῂὼῲᾶᾷῆῇῶῷ",
  [0x3099] = "うゔかがきぎくぐけげこごさざしじすずせぜそぞただちぢつづてでとどはばひびふぶへべほぼゝゞウヴカガキギクグケゲコゴサザシジスズセゼソゾタダチヂツヅテデトド"
    .. "ハバヒビフブヘベホボワヷヰヸヱヹヲヺヽヾ",
  [0x309a] = "はぱひぴふぷへぺほぽハパヒピフプヘペホポ",
}

-- Canonical combining classes from U+0300 on: {last code point, class}.
local CLASSES = {
  { 0x314, 230 }, { 0x315, 232 }, { 0x319, 220 }, { 0x31a, 232 }, { 0x31b, 216 },
  { 0x320, 220 }, { 0x322, 202 }, { 0x326, 220 }, { 0x328, 202 }, { 0x333, 220 },
  { 0x338, 1 }, { 0x33c, 220 }, { 0x344, 230 }, { 0x345, 240 }, { 0x346, 230 },
  { 0x349, 220 }, { 0x34c, 230 }, { 0x34e, 220 }, { 0x34f, 0 }, { 0x352, 230 },
  { 0x356, 220 }, { 0x357, 230 }, { 0x358, 232 }, { 0x35a, 220 }, { 0x35b, 230 },
  { 0x35c, 233 }, { 0x35e, 234 }, { 0x35f, 233 }, { 0x361, 234 }, { 0x362, 233 },
  { 0x36f, 230 },
}

-- What has another form that is to be taken: Ohm, Kelvin, Angstrom, letters of Greek.
local SINGLES = {
  [0x340] = 0x300, [0x341] = 0x301, [0x343] = 0x313, [0x374] = 0x2b9, [0x37e] = 0x3b,
  [0x387] = 0xb7, [0x1f71] = 0x3ac, [0x1f73] = 0x3ad, [0x1f75] = 0x3ae, [0x1f77] = 0x3af,
  [0x1f79] = 0x3cc, [0x1f7b] = 0x3cd, [0x1f7d] = 0x3ce, [0x1fbb] = 0x386, [0x1fbe] = 0x3b9,
  [0x1fc9] = 0x388, [0x1fcb] = 0x389, [0x1fd3] = 0x390, [0x1fdb] = 0x38a, [0x1fe3] = 0x3b0,
  [0x1feb] = 0x38e, [0x1fee] = 0x385, [0x1fef] = 0x60, [0x1ff9] = 0x38c, [0x1ffb] = 0x38f,
  [0x1ffd] = 0xb4, [0x2000] = 0x2002, [0x2001] = 0x2003, [0x2126] = 0x3a9, [0x212a] = 0x4b,
  [0x212b] = 0xc5, [0x2329] = 0x3008, [0x232a] = 0x3009,
}

local composed, parts, classes -- made at the first use: most texts are plain ASCII

local function build()
  composed, parts, classes = {}, {}, { [0x3099] = 8, [0x309a] = 8 }
  for mark, list in pairs(PAIRS) do
    local of, base = {}, nil
    for _, c in utf8.codes(list) do
      if base then
        of[base], parts[c], base = c, { base, mark }, nil
      else
        base = c
      end
    end
    composed[mark] = of
  end
  local c = 0x300
  for _, run in ipairs(CLASSES) do
    while c <= run[1] do
      classes[c] = run[2]
      c = c + 1
    end
  end
end

-- Takes a composed letter apart, however many marks it has.
local function take_apart(list, c)
  c = SINGLES[c] or c
  local two = parts[c]
  if not two then
    list[#list + 1] = c
    return
  end
  take_apart(list, two[1])
  list[#list + 1] = two[2]
end

-- Marks of different classes do not touch each other, so their order is the class's.
local function sort_marks(list)
  for i = 2, #list do
    local class = classes[list[i]] or 0
    local k = i
    while class > 0 and k > 1 and (classes[list[k - 1]] or 0) > class do
      list[k], list[k - 1] = list[k - 1], list[k]
      k = k - 1
    end
  end
end

local function join(list)
  local out, base, last = {}, nil, 0
  for _, c in ipairs(list) do
    local class = classes[c] or 0
    local whole = base and class > last and composed[c] and composed[c][out[base]]
    if whole then
      out[base] = whole
    else
      out[#out + 1] = c
      last = class
      if class == 0 then
        base = #out
      end
    end
  end
  return out
end

-- A list of code points in its composed form. Marks in a row must be few.
function nfc.compose(list)
  if not composed then
    build()
  end
  local apart = {}
  for _, c in ipairs(list) do
    take_apart(apart, c)
  end
  sort_marks(apart)
  return join(apart)
end

return nfc
