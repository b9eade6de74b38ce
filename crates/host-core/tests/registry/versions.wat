;; A plugin of which there are as many versions as a test wants, and each is compiled in a moment. The test replaces MARK by four
;; characters, DESCRIPTION by sixteen, and ;;LIST by what happens when it is asked for its tools:
;; - `marker` answers with the mark, half of it read before it has worked for some milliseconds and half of it after;
;; - `spin` never answers;
;; - `count` answers how many calls this instance has had, up to nine.
(component
  (import "portcullis:tool/tool-types@0.1.0" (instance $types
    (type $blob' (record (field "media-type" string) (field "data" (list u8))))
    (export "blob" (type $blob (eq $blob')))
    (type $link' (record
      (field "uri" string) (field "name" (option string)) (field "media-type" (option string))))
    (export "resource-link" (type $link (eq $link')))
    (type $extension' (record (field "kind" string) (field "payload" string)))
    (export "extension" (type $extension (eq $extension')))
    (type $content' (variant
      (case "text" string) (case "blob" $blob) (case "link" $link) (case "other" $extension)))
    (export "content" (type $content (eq $content')))
    (type $streams' (flags "input" "output"))
    (export "streams" (type $streams (eq $streams')))
    (type $tool-definition' (record
      (field "name" string)
      (field "title" (option string))
      (field "description" string)
      (field "input-schema" string)
      (field "output-schema" (option string))
      (field "streams" $streams)
      (field "annotations" (list (tuple string string)))))
    (export "tool-definition" (type (eq $tool-definition')))
    (type $tool-call' (record
      (field "call-id" string)
      (field "name" string)
      (field "arguments" string)
      (field "attachments" (list $blob))
      (field "metadata" (list (tuple string string)))))
    (export "tool-call" (type (eq $tool-call')))
    (type $tool-output' (record (field "content" (list $content)) (field "structured" (option string))))
    (export "tool-output" (type (eq $tool-output')))
    (type $tool-error' (record
      (field "code" string) (field "message" string) (field "details" (option string)) (field "retryable" bool)))
    (export "tool-error" (type (eq $tool-error')))))
  (alias export $types "tool-definition" (type $tool-definition))
  (alias export $types "tool-call" (type $tool-call))
  (alias export $types "tool-output" (type $tool-output))
  (alias export $types "tool-error" (type $tool-error))


  (core module $Main
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    ;; Arguments arrive on the second page, which is there for nothing else; they are read by nobody.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))
      (i32.const 65536))
    (func (export "list-tools") (result i32)
      ;;LIST
      (i32.const 8))
    ;; The fourth parameter is the length of the tool's name.
    (func (export "call") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (local $left i32)
      (if (i32.eq (local.get 3) (i32.const 4)) (then (loop $for-ever (br $for-ever))))
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i64.store (i32.const 0x200) (i64.const 0))
      (i32.store (i32.const 0x200) (i32.load (i32.const 0x1f0)))
      (local.set $left (i32.const 3000000))
      (loop $work
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $work (local.get $left)))
      (i32.store (i32.const 0x204) (i32.load (i32.const 0x1f0)))
      (if (i32.eq (local.get 3) (i32.const 5))
        (then (i64.store (i32.const 0x200) (i64.const 0x2020202020202020))
          (i32.store8 (i32.const 0x200) (i32.add (global.get $calls) (i32.const 48)))))
      (i32.const 0x240))
    (data (i32.const 8) "\10\00\00\00" "\03\00\00\00")
    (data (i32.const 16)
      "\80\01\00\00" "\06\00\00\00"               ;; name
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no title
      "\a0\01\00\00" "\10\00\00\00"               ;; description
      "\c0\01\00\00" "\11\00\00\00"               ;; input schema
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no output schema
      "\00\00\00\00"                               ;; not streaming
      "\00\00\00\00" "\00\00\00\00")               ;; no annotations
    (data (i32.const 76)
      "\88\01\00\00" "\04\00\00\00"               ;; name
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no title
      "\a0\01\00\00" "\10\00\00\00"               ;; description
      "\c0\01\00\00" "\11\00\00\00"               ;; input schema
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no output schema
      "\00\00\00\00"                               ;; not streaming
      "\00\00\00\00" "\00\00\00\00")               ;; no annotations
    (data (i32.const 136)
      "\90\01\00\00" "\05\00\00\00"               ;; name
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no title
      "\a0\01\00\00" "\10\00\00\00"               ;; description
      "\c0\01\00\00" "\11\00\00\00"               ;; input schema
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no output schema
      "\00\00\00\00"                               ;; not streaming
      "\00\00\00\00" "\00\00\00\00")               ;; no annotations
    (data (i32.const 0x180) "marker")
    (data (i32.const 0x188) "spin")
    (data (i32.const 0x190) "count")
    (data (i32.const 0x1a0) "DESCRIPTION")
    (data (i32.const 0x1c0) "{\22type\22:\22object\22}")
    (data (i32.const 0x1f0) "MARK")
    ;; One text of eight bytes, in a list of one, in an output that went well.
    (data (i32.const 0x220) "\00\00\00\00" "\00\02\00\00" "\08\00\00\00")
    (data (i32.const 0x240) "\00\00\00\00" "\20\02\00\00" "\01\00\00\00" "\00\00\00\00"))
  (core instance $main (instantiate $Main))

  (func $list-tools (result (list $tool-definition))
    (canon lift (core func $main "list-tools") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (func $call (param "call" $tool-call) (result (result $tool-output (error $tool-error)))
    (canon lift (core func $main "call") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (instance $sync-tools
    (export "list-tools" (func $list-tools))
    (export "call" (func $call)))
  (export "portcullis:tool/sync-tools@0.1.0" (instance $sync-tools)))
