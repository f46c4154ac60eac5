#include "sys/nft.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace vs::sys::nft {

namespace {

constexpr std::uint16_t message_type(int message) { return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message); }

nfgenmsg header_for(unsigned char family, std::uint16_t resource) {
    return nfgenmsg{family, NFNETLINK_V0, htons(resource)};
}

void describe_element(MessageRow& row, std::string_view table, const Element& element) {
    row.text(NFTA_SET_ELEM_LIST_TABLE, table);
    row.text(NFTA_SET_ELEM_LIST_SET, element.set);
    row.nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
        row.nested(NFTA_LIST_ELEM, [&] {
            row.nested(NFTA_SET_ELEM_KEY, [&] { row.attribute(NFTA_DATA_VALUE, element.key); });
            if (element.data.empty()) return;
            row.nested(NFTA_SET_ELEM_DATA, [&] { row.attribute(NFTA_DATA_VALUE, element.data); });
        });
    });
}

/// One transaction: either all of it is in force, or nothing.
struct Change {
    std::uint16_t type = 0, flags = 0;
    std::string_view table;
    const std::vector<Element>& elements;
};
Result<> commit(NetlinkSocket& socket, const Change& change) {
    if (change.elements.empty()) return {};
    MessageRow row;
    row.begin(NFNL_MSG_BATCH_BEGIN, 0, bytes_of(header_for(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)), "nf_tables transaction");
    for (const auto& element : change.elements) {
        // The end of a batch is answered by newer kernels only (6.10), so the last element asks for the answer.
        bool last = &element == &change.elements.back();
        auto flags = static_cast<std::uint16_t>(change.flags | (last ? NLM_F_ACK : 0));
        row.begin(message_type(change.type), flags, bytes_of(header_for(NFPROTO_INET, 0)),
                  fmt::format("element of '{}' in table '{}'", element.set, change.table));
        describe_element(row, change.table, element);
    }
    row.begin(NFNL_MSG_BATCH_END, 0, bytes_of(header_for(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)), "nf_tables transaction");
    return socket.run(row);
}

std::string_view trimmed(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string_view family_name(unsigned char family) {
    return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_INET ? "inet" : "";
}

std::optional<ForwardChain> as_forward_chain(std::string_view message) {
    if (message.size() < sizeof(nfgenmsg)) return std::nullopt;
    auto family = family_name(static_cast<unsigned char>(message.front()));
    auto attributes = attributes_behind<nfgenmsg>(message);
    auto hook = find_attribute(attributes, NFTA_CHAIN_HOOK);
    if (family.empty() || !hook) return std::nullopt;
    if (ntohl(find_number(*hook, NFTA_HOOK_HOOKNUM).value_or(~0U)) != NF_INET_FORWARD) return std::nullopt;
    ForwardChain chain;
    chain.family = family;
    chain.table = trimmed(find_attribute(attributes, NFTA_CHAIN_TABLE).value_or(""));
    chain.name = trimmed(find_attribute(attributes, NFTA_CHAIN_NAME).value_or(""));
    chain.drops_by_default = ntohl(find_number(attributes, NFTA_CHAIN_POLICY).value_or(htonl(NF_ACCEPT))) == NF_DROP;
    return chain;
}

}  // namespace

std::string concatenate(const std::vector<std::string_view>& parts) {
    std::string key;
    for (auto part : parts) {
        key += part;
        key.resize((key.size() + 3) & ~std::size_t{3});
    }
    return key;
}

Result<> add_elements(NetlinkSocket& socket, std::string_view table, const std::vector<Element>& elements, IfPresent policy) {
    std::uint16_t flags = policy == IfPresent::fail ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE;
    return commit(socket, {NFT_MSG_NEWSETELEM, flags, table, elements});
}

Result<> remove_elements(NetlinkSocket& socket, std::string_view table, const std::vector<Element>& elements) {
    return commit(socket, {NFT_MSG_DELSETELEM, 0, table, elements});
}

Result<std::optional<std::string>> find_element(NetlinkSocket& socket, std::string_view table, const Element& element) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETSETELEM), 0, bytes_of(header_for(NFPROTO_INET, 0)),
              fmt::format("look up an element of '{}' in table '{}'", element.set, table));
    describe_element(row, table, {element.set, element.key, ""});
    auto answer = socket.ask(row);
    if (!answer && answer.error().errno_value == ENOENT) return std::optional<std::string>();
    auto message = TRY(std::move(answer));
    auto list = find_attribute(attributes_behind<nfgenmsg>(message), NFTA_SET_ELEM_LIST_ELEMENTS).value_or("");
    auto found = find_attribute(list, NFTA_LIST_ELEM).value_or("");
    auto data = find_attribute(found, NFTA_SET_ELEM_DATA).value_or("");
    return std::optional(std::string(find_attribute(data, NFTA_DATA_VALUE).value_or("")));
}

Result<std::vector<ForwardChain>> forward_chains(NetlinkSocket& socket) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETCHAIN), NLM_F_DUMP, bytes_of(header_for(AF_UNSPEC, 0)), "list the firewall's chains");
    std::vector<ForwardChain> chains;
    TRY(socket.dump(row, [&](std::string_view message) {
        if (auto chain = as_forward_chain(message)) chains.push_back(std::move(*chain));
    }));
    return chains;
}

}  // namespace vs::sys::nft
