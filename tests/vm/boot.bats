#!/usr/bin/env bats
# A machine with a network card, secured, through a boot: what comes from it on the wire is seen from outside all the while. tests/vm/reboot
# boots the machines, so it runs here and not in one. VSERVER_STAGE is a directory with the installed programs.

bats_require_minimum_version 1.5.0

reboot() {
    cd "$BATS_TEST_DIRNAME/../.."
    run tests/vm/reboot --dir "$VSERVER_STAGE" --functions tests/vm/boot_steps.bash "$@"
    echo "$output"
    (( status != 77 )) || skip "$output"
    [ "$status" -eq 0 ]
}

# bats test_tags=stock
@test "a card that is a server's: nobody answers for the machine while it boots, nor when the card comes back; undone, all is as before" {
    reboot out:configure_outside in:give_card_away out:page_of_the_card out:main_environment_is_silent \
        boot:main_environment_is_silent in:booted_with_server out:page_of_the_card \
        in:card_comes_back:main_environment_is_silent out:page_of_the_card in:undo out:machine_answers
}

@test "a card behind rules: nobody answers for the machine while it boots, and then servers do; undone, all is as before" {
    reboot out:configure_outside in:go_behind_rules out:page_of_the_server out:machine_is_silent \
        boot:machine_is_silent in:booted_behind_rules out:page_of_the_server out:machine_is_silent in:undo out:machine_answers
}
