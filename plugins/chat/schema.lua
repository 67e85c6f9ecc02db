-- The shapes of calls, answers and events. The host checks them before any of
-- this plugin's code runs, and makes the API documents from them.
local rules = require "rules"

return function(mesh)
  local s = mesh.schema
  local shapes = {}

  local id, time = s.id(), s.time()
  local seq = s.integer { minimum = 1 }
  local client_msg_id = s.string {
    minBytes = 1,
    maxBytes = 64,
    description = "Unique for sender and device.",
  }
  local emoji = s.string { minBytes = 1, maxBytes = rules.EMOJI_BYTES_MAX }
  local count = s.integer { minimum = 0 }

  local media = s.object {
    blobId = id,
    ["name?"] = s.string { maxBytes = 255 },
    ["mime?"] = s.string { maxBytes = 127 },
    ["size?"] = count,
    ["width?"] = count,
    ["height?"] = count,
    ["durationMs?"] = count,
    ["thumb?"] = s.bytes { description = "A tiny preview of at most 4 KiB." },
  }
  local contents = {
    { s.const("text"), s.object { text = s.text { limitBytes = mesh.limits.textBytes } } },
    { s.const("image"), media },
    { s.const("video"), media },
    { s.const("audio"), media },
    { s.const("file"), media },
    {
      s.const("sealed"),
      s.object {
        ciphertext = s.bytes { description = "End-to-end encrypted, opaque to the server." },
        scheme = s.string { minBytes = 1, maxBytes = rules.SCHEME_BYTES_MAX },
      },
    },
    { s.prefix("x.", { minBytes = 3, maxBytes = rules.TYPE_BYTES_MAX }), s.open_object {} },
  }

  local function send_variant(kind, content, send_at)
    return s.object {
      sendAt = send_at,
      ["chatId?"] = id,
      ["receiverId?"] = id,
      clientMsgId = client_msg_id,
      type = kind,
      content = content,
      ["replyTo?"] = seq,
      ["mentions?"] = s.array(id, { maxItems = rules.MENTIONS_MAX }),
      ["expiresIn?"] = s.integer { minimum = 1, maximum = rules.EXPIRES_S_MAX },
    }
  end

  local function send_union(send_at)
    local variants = {}
    for i, pair in ipairs(contents) do
      variants[i] = send_variant(pair[1], pair[2], send_at)
    end
    return s.union("type", variants)
  end
  shapes.send = send_union()
  shapes.schedule = send_union(time)

  shapes.sent = s.object {
    chatId = id,
    seq = seq,
    messageId = id,
    sentAt = time,
    duplicate = s.boolean(),
  }

  shapes.open = s.object { userId = id }
  shapes.chat = s.object { chatId = id }
  shapes.edit = s.object {
    chatId = id,
    target = seq,
    content = s.open_object {},
    clientMsgId = client_msg_id,
  }
  shapes.delete = s.object { chatId = id, target = seq, clientMsgId = client_msg_id }
  shapes.react = s.object {
    chatId = id,
    target = seq,
    emoji = emoji,
    on = s.boolean(),
    clientMsgId = client_msg_id,
  }
  shapes.changed = s.object { seq = seq, duplicate = s.boolean() }
  shapes.mute = s.object { chatId = id, ["until"] = s.integer { minimum = 0 } }
  shapes.scheduled = s.object {
    chatId = id,
    sendAt = time,
    duplicate = s.boolean(),
    ["seq?"] = seq,
  }
  shapes.list_scheduled = s.object { ["after?"] = count }
  shapes.scheduled_list = s.object {
    scheduled = s.array(s.open_object { id = seq, chatId = id, sendAt = time }),
    more = s.boolean(),
  }
  shapes.unschedule = s.object { clientMsgId = client_msg_id, ["deviceId?"] = id }
  shapes.scheduling = s.object {
    chatId = id,
    clientMsgId = client_msg_id,
    deviceId = id,
    sendAt = time,
    state = s.enum { "scheduled", "unscheduled", "failed" },
    ["reason?"] = s.string(),
  }
  shapes.focus = s.object {
    chatIds = s.nullable(s.array(id, { maxItems = rules.FOCUS_MAX })),
  }
  shapes.bump = s.object { chatId = id, lastSeq = count, unread = count }
  shapes.forward = s.object {
    ["chatId?"] = id,
    ["receiverId?"] = id,
    from = s.object { chatId = id, seq = seq },
    clientMsgId = client_msg_id,
  }
  shapes.set_draft = s.object {
    chatId = id,
    text = s.nullable(s.text { limitBytes = mesh.limits.textBytes }),
    ["replyTo?"] = seq,
  }
  shapes.draft = s.object { text = s.string(), ["replyTo?"] = seq, at = time }
  shapes.hide = s.object {
    chatId = id,
    targets = s.array(seq, { minItems = 1, maxItems = rules.HIDES_A_CALL_MAX }),
  }
  shapes.hidden = s.object { chatId = id, ["after?"] = count }
  shapes.hidden_list = s.object { targets = s.array(seq), more = s.boolean() }
  shapes.pin = s.object { chatId = id, target = seq, on = s.boolean() }

  shapes.history = s.object {
    chatId = id,
    ["before?"] = seq,
    ["after?"] = count,
    ["around?"] = seq,
    ["at?"] = s.integer { minimum = 0 },
    ["limit?"] = s.integer { minimum = 1, maximum = rules.PAGE_MAX, default = rules.PAGE_DEFAULT },
  }

  shapes.reaction = s.object {
    emoji = emoji,
    ["userIds?"] = s.array(id),
    ["count?"] = count,
  }
  shapes.entry = s.open_object {
    chatId = id,
    seq = seq,
    kind = s.enum { "message", "edit", "delete", "reaction", "member" },
    messageId = id,
    senderId = s.nullable(id),
    deviceId = s.nullable(id),
    clientMsgId = s.nullable(s.string()),
    sentAt = time,
    ["type?"] = s.string(),
    ["content?"] = s.open_object {},
    ["replyTo?"] = seq,
    ["mentions?"] = s.array(id),
    ["forwardedFrom?"] = s.object { ["senderId?"] = id, at = time },
    ["expiresAt?"] = time,
    ["editedAt?"] = time,
    ["reactions?"] = s.array(shapes.reaction),
    ["deleted?"] = s.boolean(),
    ["hidden?"] = s.boolean(),
    ["target?"] = seq,
    ["emoji?"] = s.string(),
    ["on?"] = s.boolean(),
    ["change?"] = s.open_object {},
  }
  shapes.page = s.object { entries = s.array(shapes.entry), more = s.boolean() }

  shapes.pull = s.object {
    ["cursor?"] = s.string { maxBytes = 512 },
    ["limit?"] = s.integer { minimum = 1, maximum = rules.PAGE_MAX, default = rules.PAGE_DEFAULT },
  }
  shapes.state = s.object {
    chatId = id,
    kind = s.enum { "direct", "group", "channel" },
    ["title?"] = s.string(),
    ["userId?"] = id,
    lastSeq = count,
    last = s.nullable(shapes.entry),
    unread = count,
    myRead = count,
    myDelivered = count,
    ["peerRead?"] = count,
    ["peerDelivered?"] = count,
    role = s.string(),
    muted = s.integer { minimum = 0 },
    pins = s.array(seq),
    ["hides?"] = count,
    ["draft?"] = shapes.draft,
    ["retentionDays?"] = count,
    memberCount = count,
    updatedAt = time,
    ["left?"] = s.boolean(),
  }
  shapes.states = s.object {
    chats = s.array(shapes.state),
    cursor = s.string(),
    more = s.boolean(),
  }
  shapes.updated = s.open_object { chatId = id }

  shapes.rest_post = s.object {
    senderId = id,
    ["receiverId?"] = id,
    ["chatId?"] = id,
    content = s.any(),
    ["type?"] = s.string { maxBytes = rules.TYPE_BYTES_MAX },
    ["clientMsgId?"] = client_msg_id,
  }
  shapes.rest_get = s.object {
    ["userId?"] = id,
    ["chatId?"] = id,
    ["limit?"] = s.integer { minimum = 1, maximum = rules.PAGE_MAX, default = rules.PAGE_DEFAULT },
    ["timestamp?"] = s.integer { minimum = 0 },
  }

  return shapes
end
